#!/usr/bin/env bash
# usage: rotate-logs [-k KEEP] [-m MIN_BYTES] LOG...
set -Euo pipefail
keep=3 min=1 step=start
while getopts k:m: opt; do
  case $opt in k) keep=$OPTARG ;; m) min=$OPTARG ;; *) exit 64 ;; esac
done
shift $((OPTIND - 1))
(($# && keep >= 1)) || exit 64

lock=$1.lock
mkdir -- "$lock" 2>/dev/null || { echo "another one runs" >&2; exit 75; }
trap 'rmdir -- "$lock"' EXIT
trap 'exit 130' INT TERM
trap 'echo "failed at: $step" >&2; exit 1' ERR

rotate() {
  local log=$1 i
  for ((i = keep; i > 1; i--)); do
    step="$log.$((i - 1))"
    [[ ! -e $step ]] || mv -f -- "$step" "$log.$i"
  done
  step=$log
  cp -p -- "$log" "$log.1"
  : >"$log"
}

for log; do
  step=$log
  [[ -f $log ]]
  size=$(wc -c <"$log")
  ((size >= min)) || { echo "$log: $size bytes, kept"; continue; }
  rotate "$log"
  echo "$log: rotated"
done
