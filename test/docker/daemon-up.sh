#!/usr/bin/env bash
# daemon-up.sh ENGINE DATA RUN: starts a dockerd on the socket RUN/d.sock unless it runs. Nobody else's: no TCP, no default
# bridge, no iptables rules of the host's, its own cgroup. Images are kept in DATA; containers, volumes and networks that a
# run left behind are removed.
set -euo pipefail
engine=$1 data=$2 run=$3
here=$(cd "$(dirname "$0")" && pwd)
export PATH=$engine/bin:$PATH DOCKER_HOST=unix://$run/d.sock
if docker version >/dev/null 2>&1; then exit; fi

# What a killed daemon left keeps a new one from starting.
"$here/daemon-down.sh" "$run"
mkdir -p "$data" "$run/config"
ln -sfn "$engine/cli-plugins" "$run/config/cli-plugins"
cat >"$run/daemon.json" <<END
{
  "data-root": "$data",
  "exec-root": "$run/exec",
  "pidfile": "$run/dockerd.pid",
  "hosts": ["unix://$run/d.sock"],
  "storage-driver": "overlay2",
  "exec-opts": ["native.cgroupdriver=cgroupfs"],
  "cgroup-parent": "/${run##*/}",
  "bridge": "none",
  "iptables": false,
  "ip6tables": false,
  "ip-forward": false,
  "ip-masq": false,
  "builder": { "gc": { "enabled": true, "defaultKeepStorage": "5GB" } },
  "log-level": "warn"
}
END
setsid dockerd --config-file "$run/daemon.json" >"$run/log" 2>&1 </dev/null &
daemon=$!
for ((i = 0; i < 300; i++)); do
  if docker version >/dev/null 2>&1; then
    docker ps -aq | xargs -r docker rm -fv >/dev/null
    docker network prune -f >/dev/null
    docker volume prune -af >/dev/null
    # Those that were built anew since.
    docker image prune -f >/dev/null
    exit
  fi
  kill -0 "$daemon" 2>/dev/null || break
  sleep 0.1
done
echo 'dockerd did not start' >&2
tail -n 20 "$run/log" >&2
exit 1
