#!/usr/bin/env bash
# usage: filter-log-level LEVEL <LOG
set -u

show=
case ${1,,} in
  debug) show+=' DEBUG' ;&
  info) show+=' INFO' ;&
  warn | warning) show+=' WARN' ;&
  error) show+=' ERROR' ;;
  off) exit 0 ;;
  *) echo "unknown level: $1" >&2; exit 64 ;;
esac

keep=0 shown=0
while IFS= read -r line; do
  case $line in
    [[:space:]]*) ;;
    '['*']'*)
      level=${line#*[}
      level=${level%%]*}
      level=${level//[[:space:]]/}
      [[ "$show " == *" $level "* ]] && keep=1 || keep=0
      ;;&
    *CRITICAL* | *panic:*) keep=1 ;;
    [!'[']*) keep=0 ;;
  esac
  ((keep)) || continue
  printf '%s\n' "$line"
  shown=$((shown + 1))
done
exit $((shown == 0))
