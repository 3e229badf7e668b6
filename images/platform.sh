# Sourced: what npm and better-sqlite3 call TARGETARCH and LIBC, which Docker and this repository's Dockerfile set.
case $TARGETARCH in
  amd64) cpu=x64 ;;
  arm64) cpu=arm64 ;;
  *) echo "No image is built for $TARGETARCH: amd64 and arm64 are" >&2; exit 1 ;;
esac
case $LIBC in
  glibc) platform=linux-$cpu ;;
  musl) platform=linuxmusl-$cpu ;;
  *) echo "LIBC=$LIBC is neither glibc nor musl" >&2; exit 1 ;;
esac
