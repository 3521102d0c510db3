#!/usr/bin/env bash
# usage: flatten-tree [-s SEPARATOR] DIR
set -uo pipefail
export LC_ALL=C SEPARATOR=_

if [[ ${1-} == -s ]]; then
  SEPARATOR=${2?no separator}
  shift 2
fi
case $SEPARATOR in */*) echo "no slash, please" >&2; exit 64 ;; esac
[[ -d ${1-} ]] && cd -- "$1" || exit 66

find . -mindepth 2 -type f ! -path '*/.*' -print0 | sort -z |
  xargs -0 -r bash -c '
    status=0
    for path; do
      flat=${path#./}
      flat=${flat//\//"$SEPARATOR"}
      if [[ -e $flat ]]; then
        echo "taken: $flat"
        status=1
      else
        mv -- "$path" "$flat" && echo "$flat"
      fi
    done
    exit $status
  ' flatten
status=$?
find . -mindepth 1 -depth -type d -empty -exec rmdir {} \; -exec printf 'gone: %s\n' {} \; | sort -r
exit $((status ? 1 : 0))
