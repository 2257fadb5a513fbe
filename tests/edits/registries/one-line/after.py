from .greeting import activities as greeting_activities
from .greeting.workflow import GreetingWorkflow
from .zebra import activities as zebra_activities
from .zebra.workflow import ZebraWorkflow

WORKFLOWS = [ZebraWorkflow, GreetingWorkflow]
ACTIVITIES = [zebra_activities.run, zebra_activities.stop, greeting_activities.process]
