#!/usr/bin/env bash
# usage: copy-tree-without [-x PATTERN]... SRC DEST
set -uo pipefail
export LC_ALL=C

excludes=()
while getopts x: opt; do
  case $opt in
    x) excludes+=(--exclude="$OPTARG") ;;
    *) exit 64 ;;
  esac
done
shift "$((OPTIND - 1))"
[[ $# -eq 2 && -d $1 ]] || { echo "no such tree: ${1-}" >&2; exit 66; }

mkdir -p -- "$2" || exit 73
tar -C "$1" "${excludes[@]}" --sort=name -cf - . |
  (cd -- "$2" && tar -xvf -) |
  sed -e 's|^\./||' -e '/^$/d' -e '/\/$/d' |
  nl -ba -w3 -s': '
codes=("${PIPESTATUS[@]}")

for code in "${codes[@]:0:2}"; do
  ((code == 0)) || exit $((70 + code))
done
exit 0
