#!/usr/bin/env bash
# usage: run-in-scratch RESULT COMMAND [ARGUMENT...]
set -u

(($# >= 2)) || { echo "usage: ${0##*/} RESULT COMMAND..." >&2; exit 2; }
result=$1
shift
[[ $result == /* ]] || result=$PWD/$result
[[ ! -e $result ]] || { echo "$result exists" >&2; exit 2; }
scratch=$(mktemp -d) || exit

finish() {
  local status=$?
  trap - EXIT
  cd /
  if ((status == 0)); then
    mv -- "$scratch" "$result"
    echo "kept: $(find "$result" -type f | wc -l)"
  else
    rm -rf -- "$scratch"
    echo "dropped: $status"
  fi
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cd -- "$scratch" || exit
"$@"
