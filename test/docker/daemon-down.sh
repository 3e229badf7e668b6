#!/usr/bin/env bash
# daemon-down.sh RUN: removes the containers of the dockerd that daemon-up.sh started, stops it and all that belongs to it,
# and removes RUN. Also when it was killed: its containers live on then. Safe to call twice.
run=$1
export DOCKER_HOST=unix://$run/d.sock

# Ids are used again: a process is ours when its command line has our folder. A zombie, which the init of a container may
# leave for long, has none.
is_ours() { [ -n "$1" ] && { tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null | grep -q -- "$run/"; }
stop() {
  kill -TERM "$1"
  for ((i = 0; i < 150; i++)); do
    is_ours "$1" || return 0
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null
}

daemon=$(cat "$run/dockerd.pid" 2>/dev/null)
containerd=$(cat "$run/exec/containerd/containerd.pid" 2>/dev/null)
if is_ours "$daemon"; then
  docker=$(dirname "$(readlink "/proc/$daemon/exe")")/../bin/docker
  timeout 20 "$docker" ps -aq | xargs -r timeout 60 "$docker" rm -fv >/dev/null
  timeout 20 "$docker" network prune -f >/dev/null
  stop "$daemon"
fi

# Shims of a killed daemon, whose command lines name our socket, and the containers below them.
for cmdline in $(grep -ls "containerd-shim.*$run/" /proc/[0-9]*/cmdline); do
  proc=${cmdline%/cmdline}
  for child in $(cat "$proc"/task/*/children); do kill -KILL "$child"; done
  kill -KILL "${proc#/proc/}"
done 2>/dev/null
if is_ours "$containerd"; then stop "$containerd"; fi

# The data folder itself is one of the mounts.
data=$(sed -n 's/.*"data-root": "\(.*\)".*/\1/p' "$run/daemon.json" 2>/dev/null)
for folder in "$run" ${data:+"$data"}; do
  awk -v folder="$folder" '$2 == folder || index($2, folder "/") == 1 { print $2 }' /proc/self/mounts
done | sort -r | xargs -rn 1 umount -l
find /sys/fs/cgroup -depth -type d -path "*/${run##*/}*" -exec rmdir {} + 2>/dev/null
rm -rf "$run"
