#!/usr/bin/env bash
# get-engine.sh DIR: Docker's engine, client, buildx and compose in DIR/bin and DIR/cli-plugins. From Debian, since that is
# reachable where Docker's own hosts are not; from suites newer than the machine's, since Debian 12's engine lacks what
# bake files and compose files use. They run on Debian 12's libc. runc does not, so that is the machine's.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
"$here/deb-get.sh" trixie "$1" docker.io docker-cli docker-compose containerd tini
# trixie's buildx is 0.13, which ignores `network` in bake files.
"$here/deb-get.sh" forky "$1" docker-buildx
cd "$1"
mkdir -p bin cli-plugins
# Relative links: the folder is moved when it is complete.
for name in dockerd docker containerd containerd-shim-runc-v2 docker-proxy; do
  ln -sf "../$(find usr -name "$name" -type f -perm -1 -print -quit)" "bin/$name"
done
ln -sf ../usr/bin/tini-static bin/docker-init
for name in docker-buildx docker-compose; do ln -sf "../usr/libexec/docker/cli-plugins/$name" "cli-plugins/$name"; done
for program in bin/* cli-plugins/*; do
  # ldd fails for a static program.
  if { ldd "$program" 2>&1 || true; } | grep 'not found' >&2; then
    echo "$program does not run on this machine's libc" >&2
    exit 1
  fi
done
