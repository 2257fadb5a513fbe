from .greeting import activities as greeting_activities
from .greeting.workflow import GreetingWorkflow


WORKFLOWS = [
    # none
    GreetingWorkflow,
]
ACTIVITIES = [  # none
    greeting_activities.process,
]
