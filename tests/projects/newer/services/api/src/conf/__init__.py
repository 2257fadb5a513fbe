from utils import env

LOG_LEVEL = env.EnvVarSpec(id="LOG_LEVEL", default="INFO")
VALIDATED_ENV_VARS = [LOG_LEVEL]
