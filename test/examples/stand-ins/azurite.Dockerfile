# Stands in for mcr.microsoft.com/azure-storage/azurite: tests use no registry. Azurite is real, from its npm package.
FROM node:24-bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends netcat-openbsd
COPY --from=azurite node_modules /opt/node_modules
RUN ln -s /opt/node_modules/.bin/azurite /usr/local/bin/azurite
VOLUME /data
ENTRYPOINT []
CMD ["azurite"]
