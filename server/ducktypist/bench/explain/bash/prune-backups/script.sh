#!/usr/bin/env bash
# usage: prune-backups [-n] [-k KEEP] DIR   (names like NAME-YYYYMMDD.tar, perhaps with .gz)
set -euo pipefail
export LC_ALL=C

keep=2 remove=(rm -f --)
while getopts nk: opt; do
  case $opt in
    n) remove=(:) ;;
    k) keep=$OPTARG ;;
    *) exit 64 ;;
  esac
done
shift $((OPTIND - 1))
cd -- "${1:?no directory}"

declare -A kept=()
freed=0 removed=0
while IFS=' ' read -r -d '' _ size path; do
  group=${path%-*}
  kept[$group]=$((${kept[$group]:-0} + 1))
  ((kept[$group] > keep)) || continue
  echo "remove $path"
  "${remove[@]}" "$path"
  ((freed += size, ++removed))
done < <(
  find . -maxdepth 2 -type f -regextype posix-extended \
    -regex '.*/[^/]+-[0-9]{8}\.tar(\.gz)?' -printf '%f %s %P\0' |
    sed -zE 's/^.*-([0-9]{8})\.tar(\.gz)? ([0-9]+ )/\1 \3/' |
    sort -z -t ' ' -k1,1nr -k3
)
echo "$removed removed, $freed bytes, ${#kept[@]} groups"
