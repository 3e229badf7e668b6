# Stands in for minio/minio and minio/mc: tests use no registry. Both programs are real, built from their Go modules.
FROM debian:bookworm-slim AS programs
ARG MINIO MC
COPY --from=bin ${MINIO} /usr/bin/minio
COPY --from=bin ${MC} /usr/bin/mc

FROM programs AS mc
ENTRYPOINT ["mc"]

FROM programs AS minio
ENV MINIO_UPDATE=off
VOLUME /data
ENTRYPOINT ["minio"]
