#!/usr/bin/env bash
# base-node.sh MAJOR...: images for tests that stand in for debian:bookworm-slim and node:MAJOR-bookworm-slim, in the
# running daemon: the same system and programs, from Debian and npm, where no registry of images can be reached. They
# trust what this machine trusts: never publish what is built on them. ARCH=arm64 makes them for that processor, tagged
# ...-arm64; this machine must be able to run its programs.
set -euo pipefail
arch=${ARCH:-amd64} suffix='' cpu=x64
[ "$arch" = amd64 ] || suffix=-$arch cpu=$arch
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

excludes=()
for name in man doc locale; do excludes+=("--dpkgopt=path-exclude=/usr/share/$name/*"); done
mmdebstrap --quiet --architectures="$arch" --variant=minbase --include=ca-certificates,libstdc++6,libatomic1 \
  "${excludes[@]}" bookworm system.tar
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
docker import --platform "linux/$arch" -c 'CMD ["bash"]' -c "ENV PATH=$path" system.tar "debian:bookworm-slim$suffix" >/dev/null

for major; do
  # The npm that each comes with.
  npm=11
  [ "$major" != 22 ] || npm=10
  node_tgz=$(npm pack --silent "node-linux-$cpu@$major")
  npm_tgz=$(npm pack --silent "npm@$npm")
  version=${node_tgz#node-linux-"$cpu"-}
  local=$major/usr/local
  mkdir -p "$local"/{lib/node_modules/npm,share/ca-certificates,etc,bin}
  tar xzf "$node_tgz" --no-same-owner -C "$local" --strip-components=1 package/bin package/include
  tar xzf "$npm_tgz" --no-same-owner -C "$local/lib/node_modules/npm" --strip-components=1
  for name in npm npx; do ln -s "../lib/node_modules/npm/bin/$name-cli.js" "$local/bin/$name"; done
  ln -s node "$local/bin/nodejs"
  chmod +x "$local"/lib/node_modules/npm/bin/*.js
  # Where a proxy of this machine's stands between npm and its registry, that one's certificate.
  cp /usr/local/share/ca-certificates/*.crt "$local/share/ca-certificates/" 2>/dev/null || true
  echo 'cafile=/etc/ssl/certs/ca-certificates.crt' >"$local/etc/npmrc"
  cp "$here/docker-entrypoint.sh" "$local/bin/"
  cat >Dockerfile <<END
FROM debian:bookworm-slim$suffix
ENV NODE_VERSION=${version%.tgz}
COPY $major/ /
RUN groupadd --gid 1000 node \\
 && useradd --uid 1000 --gid node --shell /bin/bash --create-home node \\
 && update-ca-certificates && node -v && npm -v
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["node"]
END
  docker build -q --platform "linux/$arch" --network=none -t "node:$major-bookworm-slim$suffix" . >/dev/null
  rm -rf "$major" ./*.tgz
done
