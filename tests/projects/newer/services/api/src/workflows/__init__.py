# Every workflow and activity that runs here.
from workflows.hello.workflow import HelloWorkflow

WORKFLOWS = [HelloWorkflow]  # by hand
ACTIVITIES = []
