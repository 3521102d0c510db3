#!/usr/bin/env bash
# usage: merge-tables [-o] LEFT RIGHT   (key and value, separated by a tab)
set -euo pipefail
export LC_ALL=C
tab=$'\t'

mode=(-a 1)
[[ ${1-} != -o ]] || { mode+=(-a 2); shift; }
left=${1:?left} right=${2:?right}
[[ -r $left && -r $right ]] || exit 66

ordered() { awk -F '\t' 'NF > 1 && !seen[$1]++' "$1" | sort -t "$tab" -k1,1; }

join -t "$tab" "${mode[@]}" -e '?' -o 0,1.2,2.2 <(ordered "$left") <(ordered "$right") |
  awk -F '\t' -v OFS='\t' '
    { $4 = $2 == $3 ? "same" : $2 == "?" ? "new" : $3 == "?" ? "gone" : "changed" }
    { n[$4]++; print }
    END { printf "# %d/%d\n", n["same"], NR }
  '
repeated=$(cut -f1 "$left" | sort | uniq -d | paste -sd ' ' -)
echo "${repeated:+repeated: $repeated}" | grep . || true
