import os
from dataclasses import dataclass


@dataclass(frozen=True)
class EnvVarSpec:
    id: str
    default: str | None = None
    is_secret: bool = False


def get(spec: EnvVarSpec) -> str:
    return os.environ.get(spec.id) or spec.default or ""


def validate(specs: list[EnvVarSpec]) -> bool:
    return all(spec.default is not None or os.environ.get(spec.id) for spec in specs)
