#!/usr/bin/env bash
# arm64.sh: builds wherry:node24 and wherry:tool for arm64 and starts each once, emulated where this machine is another one. By
# hand, as root, with a Docker in DOCKER_HOST that reaches registries of packages by the host's network: a quarter of an
# hour. The gate does not run it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ "$(uname -m)" != aarch64 ]; then
  apt-get install -y -qq --no-install-recommends qemu-user-static binfmt-support arch-test mmdebstrap
  [ -e /proc/sys/fs/binfmt_misc/register ] || mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
  update-binfmts --enable qemu-aarch64
fi
if ! docker image inspect node:24-bookworm-slim-arm64 >/dev/null 2>&1; then ARCH=arm64 "$here/base-node.sh" 24; fi

# The images that stand in for the official ones are for one processor each: all of the build runs on that one.
override=(--set '*.args.BUILDPLATFORM=linux/arm64')
for base in debian:bookworm-slim node:24-bookworm-slim; do
  override+=(--set "*.contexts.$base=docker-image://$base-arm64")
done
cd "$here/../.."
PLATFORMS=linux/arm64 NETWORK=host REPOSITORY=wherry-arm64 docker buildx bake -f docker-bake.hcl --allow network.host \
  "${override[@]}" node24 tool
for image in node24 tool; do
  docker run --rm --pull=never --network=none "wherry-arm64:$image" wherry version
done
docker run --rm --pull=never --network=none -e WHERRY_DB_PATH=/data/app.db -e WHERRY_REPLICA_URL=file:///data/backup \
  wherry-arm64:node24 node -e "
    const { DatabaseSync } = require('node:sqlite')
    new DatabaseSync('/data/app.db').exec('CREATE TABLE t (x)')
    console.log('an app on', process.arch)"
