#!/usr/bin/env bash
# usage: compare-lists [-i] OLD NEW
set -uo pipefail
export LC_ALL=C

fold=(cat)
if [[ ${1-} == -i ]]; then
  fold=(tr '[:upper:]' '[:lower:]')
  shift
fi
for list in "${1-}" "${2-}"; do
  [[ -f $list ]] || { echo "no such list: $list" >&2; exit 2; }
done

items() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' -- "$1" | "${fold[@]}" | sort -u; }

gone=$(comm -23 <(items "$1") <(items "$2"))
added=$(comm -13 <(items "$1") <(items "$2"))
kept=$(comm -12 <(items "$1") <(items "$2") | wc -l)

[[ -z $gone ]] || sed 's/^/- /' <<<"$gone"
[[ -z $added ]] || sed 's/^/+ /' <<<"$added"
echo "= $((kept))"
[[ -z $gone$added ]]
