#!/usr/bin/env bash
# usage: best-per-group [-n COUNT] [-r] <ROWS   (group, name, score: separated by tabs)
set -euo pipefail
export LC_ALL=C

count=1 direction=r
while getopts n:r opt; do
  case $opt in
    n) count=$((OPTARG)) ;;
    r) direction= ;;
    *) exit 64 ;;
  esac
done

rows=$(mktemp)
trap 'rm -f -- "$rows"' EXIT
grep -E $'^[^\t]+\t[^\t]+\t-?[0-9]+(\\.[0-9]+)?$' >"$rows" || { echo "no rows" >&2; exit 1; }

sort -t $'\t' -k1,1 -k3,3n"$direction" -k2,2 -u "$rows" |
  awk -F '\t' -v count="$count" '++n[$1] <= count { print $1 "\t" n[$1] ". " $2 " (" $3 ")" }' |
  while IFS=$'\t' read -r group entry; do
    [[ $group == "${last-}" ]] || printf '%s%s:' "${last+$'\n'}" "$group"
    printf ' %s' "$entry"
    last=$group
  done
echo
paste -d ' ' <(cut -f1 "$rows" | sort -u | wc -l) <(echo groups,) <(wc -l <"$rows") <(echo rows)
