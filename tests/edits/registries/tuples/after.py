from .greeting import activities as greeting_activities
from .greeting.workflow import GreetingWorkflow


WORKFLOWS = (A, GreetingWorkflow)
ACTIVITIES = (
    (b),
    greeting_activities.process,
)
