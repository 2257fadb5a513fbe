# An image in which `uvx bluetext==0.2.0` needs no network: for a project that cannot reach PyPI,
# or a version that is not there. The parameter `image` of the tools names it:
#   docker build -t bluetext:0.2.0 .

FROM rust:1.95-bookworm AS build
COPY --from=astral/uv:python3.13-bookworm-slim /usr/local/bin/uv /usr/local/bin/uv
WORKDIR /src
COPY Cargo.toml Cargo.lock pyproject.toml README.md README-pypi.md LICENSE ./
COPY src src
COPY templates templates
# The program embeds docs/for-agents.md; Cargo.toml refers to benches/.
COPY docs docs
COPY benches benches
RUN uv build --wheel --out-dir /wheels

FROM astral/uv:python3.13-bookworm-slim
COPY --from=build /wheels /wheels
ENV UV_FIND_LINKS=/wheels
ENV UV_NO_INDEX=1
