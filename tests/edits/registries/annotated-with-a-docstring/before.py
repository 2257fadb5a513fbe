"""What runs."""

WORKFLOWS: list[type] = []
ACTIVITIES: list = []
