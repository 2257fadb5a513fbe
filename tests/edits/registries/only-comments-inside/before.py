WORKFLOWS = [
    # none
]
ACTIVITIES = [  # none
]
