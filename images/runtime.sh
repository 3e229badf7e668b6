#!/bin/sh
# runtime.sh ROOT OUT: copies Node and the libraries that it needs, its libc included, from the file system of an image at
# ROOT into OUT, and has it load these and no others. So it runs in an image of another libc, or of none.
# OUT is where it will be at run time too: a program's loader has an absolute path.
set -eu
root=$1 out=$2
mkdir -p "$out/bin" "$out/lib"
cp "$root/usr/local/bin/node" "$out/bin/node"
strip "$out/bin/node"

# Looked for where glibc (of one processor: the folder has its name) and musl look.
find_library() {
  for dir in "$root"/lib "$root"/lib64 "$root"/usr/lib "$root"/usr/local/lib "$root"/lib/*-linux-gnu "$root"/usr/lib/*-linux-gnu; do
    [ -e "$dir/$1" ] && readlink -f "$dir/$1" && return
  done
  echo "$1, which Node needs, is not in $root" >&2
  return 1
}

# A library's own needs are followed once: its copy marks it as done.
copy_needs() {
  for name in $(patchelf --print-needed "$1"); do
    [ -e "$out/lib/$name" ] && continue
    file=$(find_library "$name")
    cp "$file" "$out/lib/$name"
    copy_needs "$out/lib/$name"
  done
}
copy_needs "$out/bin/node"

loader=$(patchelf --print-interpreter "$out/bin/node")
name=${loader##*/}
[ -e "$out/lib/$name" ] || cp "$(find_library "$name")" "$out/lib/$name"
# A forced rpath is for what the libraries and native modules load too, and LD_LIBRARY_PATH does not come before it.
patchelf --set-interpreter "$out/lib/$name" --force-rpath --set-rpath "$out/lib" "$out/bin/node"
