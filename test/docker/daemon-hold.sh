#!/usr/bin/env bash
# daemon-hold.sh ENGINE DATA RUN: has the daemon run until standard input ends, which it does however the process at its
# other end ends. Writes "ready" when it runs. Several may hold it: it is stopped when the last one has let go.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
run=$3
mkdir -p "$(dirname "$run")"
# Each holder has a shared lock, so that one who gets an exclusive lock is alone, and stops the daemon.
exec 8<>"$run.holders"
flock -s 8
flock -o "$run.start" "$here/daemon-up.sh" "$@" 8>&-
setsid flock -o "$run.holders" "$here/daemon-down.sh" "$run" 8>&- >/dev/null 2>&1 </dev/null &
echo ready
exec 1>&-
cat >/dev/null
