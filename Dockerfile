# The image that the tool `bluetext` runs. Build it with the tag that the tool names:
#   docker build -t bluetext:0.1.0 .

FROM rust:1.95-alpine AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY templates templates
# The guide is a part of the program; a manifest names its benchmark.
COPY docs docs
COPY benches benches
# On Alpine the result needs no library of the system, so that nothing else is in the image.
RUN cargo build --release --locked

FROM scratch
COPY --from=build /src/target/release/bluetext /bluetext
# Runs as any user. As root, it gives what it makes to the owner of the mounted project.
WORKDIR /project
ENTRYPOINT ["/bluetext"]
