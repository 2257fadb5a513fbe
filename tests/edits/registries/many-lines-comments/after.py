from .a import A
from .b import run_b
from .greeting import activities as greeting_activities
from .greeting.workflow import GreetingWorkflow

WORKFLOWS = [
    A,  # the first, ever
    GreetingWorkflow,
    # B is not ready
]

ACTIVITIES = [
    run_b, # no comma
    greeting_activities.process
]
