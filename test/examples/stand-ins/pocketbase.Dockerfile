# Stands in for the stage of examples/third-party that downloads PocketBase: tests use no network but registries of packages.
# The program is real, built from its Go module.
FROM scratch
ARG PROGRAM
COPY --from=bin ${PROGRAM} /pocketbase
