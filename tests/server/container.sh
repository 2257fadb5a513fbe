#!/bin/sh
# Runs a command as a container does: in a root file system that is another one below a layer
# which takes all changes. Must be called in new name spaces for mounts, processes, IPC and the
# host's name, as `unshare` makes them.
#
#   container.sh FOLDER BASE HOSTNAME USER WORKDIR COMMAND [ARGUMENT ...]
#
# FOLDER has the file `mounts`, with a source, a tab and a path a line, and gets the layer. BASE is
# the root file system below it: `/` for this machine's, or an empty folder.
set -eu
folder=$1 base=$2 hostname=$3 user=$4 workdir=$5
shift 5
root=$folder/root

printf '%s' "$hostname" >/proc/sys/kernel/hostname
mount --make-rprivate /
mkdir -p "$folder/upper" "$folder/work" "$root"
mount -t overlay overlay \
  -o "lowerdir=$base,upperdir=$folder/upper,workdir=$folder/work" "$root"
mkdir -p "$root/proc" "$root/dev" "$root/tmp"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"

tab=$(printf '\t')
while IFS=$tab read -r source path; do
  if [ -d "$source" ]; then
    mkdir -p "$root$path"
  elif [ ! -e "$root$path" ]; then
    mkdir -p "$(dirname "$root$path")"
    : >"$root$path"
  fi
  mount --bind "$source" "$root$path"
done <"$folder/mounts"

mkdir -p "$root$workdir"
exec nsenter --root="$root" --wd="$root$workdir" --setuid "$user" --setgid "$user" "$@"
