#!/usr/bin/env bash
# usage: stage-status FIRST [SECOND [THIRD]] <INPUT
set -u

(($#)) || { echo "usage: ${0##*/} FIRST [SECOND [THIRD]]" >&2; exit 64; }
counts=$(mktemp -d) || exit
trap 'rm -rf -- "$counts"' EXIT

stage() {
  local number=$1 command=${2:-cat}
  bash -c "$command" | tee >(wc -l >"$counts/$number")
  return "${PIPESTATUS[0]}"
}

stage 1 "$1" | stage 2 "${2-}" | stage 3 "${3-}" | sed "s/^/| /"
codes=("${PIPESTATUS[@]:0:$#}")
last=0
for i in "${!codes[@]}"; do
  until [[ -s $counts/$((i + 1)) ]]; do sleep 0.01; done
  printf 'stage %d: %s, %d lines\n' "$((i + 1))" \
    "$( ((codes[i])) && echo "status ${codes[i]}" || echo ok)" "$(<"$counts/$((i + 1))")"
  ((codes[i] == 0)) || last=${codes[i]}
done
exit "$last"
