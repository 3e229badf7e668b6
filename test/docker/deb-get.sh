#!/usr/bin/env bash
# deb-get.sh SUITE DIR PACKAGE...: unpacks packages of another Debian suite into DIR. The machine's own apt stays as it is:
# lists, status and downloads have a folder of their own, removed at the end.
set -euo pipefail
suite=$1 dir=$2
shift 2
apt=$(mktemp -d)
trap 'rm -rf "$apt"' EXIT
mkdir -p "$dir" "$apt"/{lists,cache/archives}/partial "$apt/debs"
dir=$(cd "$dir" && pwd)

# The mirror that the machine uses already, since others may be out of reach.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 || true)
cat >"$apt/src.sources" <<END
Types: deb
URIs: ${mirror:-http://deb.debian.org/debian}
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
: >"$apt/status"
cat >"$apt/apt.conf" <<END
Dir::Etc::sourcelist "$apt/src.sources";
Dir::Etc::sourceparts "-";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
END
export APT_CONFIG=$apt/apt.conf
apt-get update -qq
cd "$apt/debs"
apt-get download -qq "$@"
for deb in *.deb; do dpkg-deb -x "$deb" "$dir"; done
