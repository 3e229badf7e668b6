# Stands in for gcr.io/distroless/static-debian12: tests use no registry. Neither has a shell, a libc or any program.
FROM debian:bookworm-slim AS debian
RUN mkdir -p /root-fs/etc/ssl/certs /root-fs/home/nonroot && cd /root-fs && \
    cp /etc/ssl/certs/ca-certificates.crt etc/ssl/certs && mkdir -m 1777 tmp && chown 65532:65532 home/nonroot && \
    printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' > etc/passwd && \
    printf 'root:x:0:\nnonroot:x:65532:\n' > etc/group

FROM scratch
COPY --from=debian /root-fs /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
