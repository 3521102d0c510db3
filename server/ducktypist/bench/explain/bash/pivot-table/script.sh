#!/usr/bin/env bash
# usage: pivot-table [TITLE] <ROWS   (row,column,amount)
set -u
export LC_ALL=C

declare -A cell=() seen=() sum=()
rows=() columns=()
while IFS=, read -r row column amount rest; do
  [[ $amount =~ ^-?[0-9]+$ && -z $rest ]] || { bad=$((${bad-0} + 1)); continue; }
  [[ ${seen[r$row]-} ]] || rows+=("$row")
  [[ ${seen[c$column]-} ]] || columns+=("$column")
  seen[r$row]=1 seen[c$column]=1
  old=${cell[$row,$column]-0}
  cell[$row,$column]=$((old + amount))
  sum[$column]=$((${sum[$column]-0} + amount))
done
((${#rows[@]})) || exit 1
readarray -t columns < <(printf '%s\n' "${columns[@]}" | sort)

printf '%-8s' "${1-}"
printf '%8s' "${columns[@]}"
for row in "${rows[@]}"; do
  printf '\n%-8.8s' "$row"
  for column in "${columns[@]}"; do
    printf '%8s' "${cell[$row,$column]--}"
  done
done
printf '\n%-8s' total
for column in "${columns[@]}"; do printf '%8d' "${sum[$column]}"; done
echo
[[ ! -v bad ]] || { echo "ignored: $bad" >&2; exit 2; }
