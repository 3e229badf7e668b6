#!/bin/sh
# Of the stand-ins for Node's images: as there, what is no program is a script for Node, or a flag of its.
set -e
if [ "${1#-}" != "$1" ] || [ -z "$(command -v "$1")" ] || { [ -f "$1" ] && ! [ -x "$1" ]; }; then
  set -- node "$@"
fi
exec "$@"
