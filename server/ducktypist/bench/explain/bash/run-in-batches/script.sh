#!/usr/bin/env bash
# usage: run-in-batches SIZE COMMAND [ARGUMENT]... <ITEMS
set -u

size=${1:-}
[[ $size =~ ^[1-9][0-9]*$ ]] || { echo "SIZE must be a whole number" >&2; exit 2; }
shift
mapfile -t lines
items=()
for line in "${lines[@]}"; do
  [[ $line == *[![:space:]]* ]] && items+=("$line")
done

total=${#items[@]} worst=0 failed=()
for ((at = 0; at < total; at += size)); do
  batch=("${items[@]:at:size}")
  "${@:-echo}" "${batch[@]}" </dev/null
  status=$?
  if ((status > 0)); then
    failed+=($((at / size + 1)):${#batch[@]})
    ((status > worst)) && worst=$status
  fi
done

echo "$(((total + size - 1) / size)) batches of $total items"
((${#failed[@]})) && (IFS=,; echo "failed: ${failed[*]}")
exit "$worst"
