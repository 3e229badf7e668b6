# Stands in for atmoz/sftp:debian: tests use no registry. The server is real, OpenSSH of Debian.
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends openssh-server && rm /etc/ssh/ssh_host_* && mkdir /run/sshd
COPY --chmod=755 sftp-entrypoint.sh /entrypoint
ENTRYPOINT ["/entrypoint"]
