# Stands in for golang: tests use no registry. It is the machine's own Go.
FROM debian:bookworm-slim
COPY --from=goroot . /usr/local/go
# Where the machine has certificates of its own, its registries need them.
COPY --from=node:24-bookworm-slim /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
ENV PATH=/usr/local/go/bin:$PATH GOTOOLCHAIN=local
WORKDIR /go
