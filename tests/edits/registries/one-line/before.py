from .zebra import activities as zebra_activities
from .zebra.workflow import ZebraWorkflow

WORKFLOWS = [ZebraWorkflow]
ACTIVITIES = [zebra_activities.run, zebra_activities.stop,]
