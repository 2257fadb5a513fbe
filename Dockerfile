# The image that the tool `bluetext` runs. Build it with the tag that the tool names:
#   docker build -t bluetext:0.2.0 .

FROM rust:1.95-alpine AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY templates templates
# The program embeds docs/for-agents.md; Cargo.toml refers to benches/.
COPY docs docs
COPY benches benches
# On Alpine the program is statically linked, so the image needs nothing else.
RUN cargo build --release --locked

FROM scratch
COPY --from=build /src/target/release/bluetext /bluetext
# Runs as any user. As root, it gives new files to the owner of the mounted project.
WORKDIR /project
ENTRYPOINT ["/bluetext"]
