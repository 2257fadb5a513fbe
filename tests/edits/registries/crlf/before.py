WORKFLOWS = [
    A,
]
ACTIVITIES = []
