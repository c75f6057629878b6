# All programs of toycoin in one image, for a classroom; compose.yaml runs a network of them.
#
#     docker build -t toycoin .
#     docker run --rm toycoin network

FROM rust:1-slim-bookworm AS build
WORKDIR /src
COPY . .
# A cache mount is no part of the image, so the programs are copied out of it.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --examples \
    && mkdir /programs \
    && for program in relay node oracle listener wallet network simulate; do \
           cp "target/release/examples/$program" /programs/ || exit 1; \
       done

FROM debian:bookworm-slim
RUN useradd --create-home --uid 10001 toycoin \
    && install --directory --owner=toycoin --group=toycoin /data
COPY --from=build /programs/ /usr/local/bin/
USER toycoin
# A node's chain and a wallet's file belong here; mount a volume to keep them.
WORKDIR /data
EXPOSE 25000
CMD ["relay", "--listen", "0.0.0.0:25000"]
