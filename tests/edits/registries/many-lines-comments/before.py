from .a import A
from .b import run_b

WORKFLOWS = [
    A,  # the first, ever
    # B is not ready
]

ACTIVITIES = [
    run_b # no comma
]
