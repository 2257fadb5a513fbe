"""What runs."""

from .greeting import activities as greeting_activities
from .greeting.workflow import GreetingWorkflow

WORKFLOWS: list[type] = [
    GreetingWorkflow,
]
ACTIVITIES: list = [
    greeting_activities.process,
]
