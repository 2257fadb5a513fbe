from ..utils import env
from ..utils.env import EnvVarSpec

#### Environment Variables ####

LOG_LEVEL = EnvVarSpec(id="LOG_LEVEL", default="INFO")
HTTP_PORT = EnvVarSpec(id="HTTP_PORT", default="8000")

VALIDATED_ENV_VARS = [
    LOG_LEVEL,
    HTTP_PORT,  # keep last
]

#### Getters ####


def get_log_level() -> str:
    return env.get(LOG_LEVEL)


def validate() -> bool:
    return env.validate(VALIDATED_ENV_VARS)
