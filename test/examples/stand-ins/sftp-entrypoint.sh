#!/bin/bash
# What the examples use of the interface of atmoz/sftp: one user, NAME::UID:GID:FOLDER, its public keys in ~/.ssh/keys, and the
# server's key in its place.
set -euo pipefail
IFS=: read -r name _ uid gid folder <<< "$1"
home=/home/$name
useradd --no-create-home --home-dir "$home" --uid "$uid" --gid "$gid" "$name"
usermod -p '*' "$name"
mkdir -p "$home"
chown root:root "$home"
cat "$home"/.ssh/keys/* > "$home/.ssh/authorized_keys"
chown "$name" "$home/.ssh/authorized_keys"
[ -d "$home/$folder" ] || install -d -o "$name" "$home/$folder"
cat > /etc/ssh/sshd_config <<EOF
HostKey /etc/ssh/ssh_host_ed25519_key
ChrootDirectory $home
Subsystem sftp internal-sftp
ForceCommand internal-sftp
UseDNS no
EOF
exec /usr/sbin/sshd -D -e
