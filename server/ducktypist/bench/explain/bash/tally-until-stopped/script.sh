#!/usr/bin/env bash
# usage: tally-until-stopped [-t LIMIT] COMMAND [ARGUMENT]...   (prints NAME AMOUNT lines)
set -u
export LC_ALL=C TALLY_PID=$$

limit=0
[[ ${1-} != -t ]] || { limit=$2; shift 2; }
(($#)) || exit 64
declare -A sum=()
lines=0 why=finished

summary() {
  local name
  for name in "${!sum[@]}"; do
    echo "$name ${sum[$name]}"
  done | sort -k2,2nr -k1,1
  echo "$why after $lines"
}
trap summary EXIT
trap 'why=interrupted; exit 130' INT
trap 'why=ended; exit 143' TERM
trap 'summary >&2' USR1

while read -r name amount _; do
  [[ $amount =~ ^(-?)0*([0-9]+)$ ]] || continue
  ((++lines))
  sum[$name]=$((${sum[$name]:-0} + ${BASH_REMATCH[1]}${BASH_REMATCH[2]}))
  ((limit == 0 || ${sum[$name]} < limit)) || { why="$name is full"; exit 3; }
done < <("$@")
