#!/usr/bin/env bash
# usage: column-stats COLUMN [FILE]...   (comma-separated, with a header each)
set -euo pipefail
export LC_ALL=C

column=${1:?which column}
shift

awk -F ' *, *' -v want="$column" '
  FNR == 1 {
    at = 0
    sub(/\r$/, "")
    for (i = 1; i <= NF; i++) if ($i == want) at = i
    if (!at) { lacking++; print "no " want " in " FILENAME > "/dev/stderr" }
    next
  }
  !at || NF < at { next }
  { cell = $at; sub(/[ \r]*$/, "", cell) }
  cell !~ /^-?[0-9]+(\.[0-9]+)?$/ { skipped++; next }
  !n++ || cell + 0 < low { low = cell + 0 }
  n == 1 || cell + 0 > high { high = cell + 0 }
  { sum += cell }
  END {
    if (n) printf "n=%d min=%g max=%g mean=%.2f\n", n, low, high, sum / n
    else print "n=0"
    if (skipped) printf "skipped=%d\n", skipped
    exit lacking ? 2 : !n
  }
' "$@"
