WORKFLOWS = (A,)
ACTIVITIES = (
    (b),
)
