from .greeting import activities as greeting_activities
from .greeting.workflow import GreetingWorkflow


WORKFLOWS = [
    A,
    GreetingWorkflow,
]
ACTIVITIES = [
    greeting_activities.process,
]
