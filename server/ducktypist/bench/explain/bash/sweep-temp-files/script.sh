#!/usr/bin/env bash
# usage: sweep-temp-files [-n] DIR [NAME_TO_SPARE]...
set -u
export LC_ALL=C

action=(-exec rm -f -- {} \; -printf 'removed %P\n')
if [[ ${1-} == -n ]]; then
  action=(-printf 'would remove %P\n')
  shift
fi
root=${1-}
[[ -d $root ]] || { echo "no directory: $root" >&2; exit 66; }
shift

spare=()
for name; do spare+=(! -name "$name"); done

log=$(
  find "$root" -mindepth 1 \( -name .git -o -name node_modules \) -prune -o \
    -type f \( -name '*.tmp' -o -name '*~' -o -name '.#*' -o -name core -size +1k \) \
    "${spare[@]}" "${action[@]}" | sort
)
[[ -z $log ]] && { echo clean; exit 0; }

sed 's/^/- /' <<<"$log"
awk '
  { kind = /~$/ ? "backup" : /\.tmp$/ ? "tmp" : "other"; n[kind]++ }
  END { printf "tmp %d, backup %d, other %d\n", n["tmp"], n["backup"], n["other"] }
' <<<"$log"
exit 1
