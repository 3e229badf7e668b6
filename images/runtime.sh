#!/bin/sh
# runtime.sh ROOT OUT MODULES: copies Node from the file system of an image at ROOT into OUT, with the libraries that it and the
# native modules in the folder MODULES need, their libc included, and has it load these and no others. So it runs in an
# image of another libc, or of none. OUT is where it will be at run time too: a program's loader has an absolute path.
set -eu
root=$1 out=$2 modules=$3
mkdir -p "$out/bin" "$out/lib"
cp "$root/usr/local/bin/node" "$out/bin/node"
strip "$out/bin/node"

# Where glibc, whose folder has the name of a processor, and musl look.
find_library() {
  for dir in "$root"/lib "$root"/lib64 "$root"/usr/lib "$root"/usr/local/lib "$root"/lib/*-linux-gnu "$root"/usr/lib/*-linux-gnu; do
    [ -e "$dir/$1" ] && readlink -f "$dir/$1" && return
  done
  echo "$1 is needed, and not in $root" >&2
  return 1
}

# Under its own name, to which others lead: a library with two names is loaded once.
copy_library() {
  library=$(find_library "$1")
  cp -n "$library" "$out/lib/"
  [ -e "$out/lib/$1" ] || ln -s "${library##*/}" "$out/lib/$1"
}

copy_needs() {
  for name in $(patchelf --print-needed "$1"); do
    # By this name musl knows itself.
    [ "$name" = libc.so ] && continue
    [ -e "$out/lib/$name" ] && continue
    copy_library "$name"
    copy_needs "$out/lib/$name"
  done
}
for file in "$out/bin/node" "$modules"/*.node; do copy_needs "$file"; done

loader=$(patchelf --print-interpreter "$out/bin/node")
name=${loader##*/}
[ -e "$out/lib/$name" ] || copy_library "$name"
# A forced rpath is for what the libraries and native modules load too, and LD_LIBRARY_PATH does not come before it.
patchelf --set-interpreter "$out/lib/$name" --force-rpath --set-rpath "$out/lib" "$out/bin/node"
