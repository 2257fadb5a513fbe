#!/bin/sh
# Runs a command as a container does. Its root is an overlay: this machine's files below, and
# FOLDER/upper for all changes. Must be called in new mount, PID, IPC and UTS namespaces.
#
#   container.sh FOLDER HOSTNAME USER WORKDIR COMMAND [ARGUMENT ...]
#
# FOLDER has the file `mounts`, with a source, a tab and a path a line.
set -eu
folder=$1 hostname=$2 user=$3 workdir=$4
shift 4
root=$folder/root

printf '%s' "$hostname" >/proc/sys/kernel/hostname
mount --make-rprivate /
mkdir -p "$folder/upper" "$folder/work" "$root"
mount -t overlay overlay \
  -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$root"
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
if [ "$user" != 0 ]; then
  # Another user: this clears the signal that `unshare --kill-child` has set, so it is set again.
  set -- /usr/bin/setpriv --reuid "$user" --regid "$user" --clear-groups --pdeathsig KILL "$@"
fi
exec nsenter --root="$root" --wd="$root$workdir" "$@"
