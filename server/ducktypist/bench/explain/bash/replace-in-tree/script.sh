#!/usr/bin/env bash
# usage: replace-in-tree [-n] OLD NEW DIR [GLOB]
set -euo pipefail
export LC_ALL=C

dry=
[[ ${1-} == -n ]] && { dry=yes; shift; }
(($# >= 3)) || { echo "usage: ${0##*/} [-n] OLD NEW DIR [GLOB]" >&2; exit 2; }
old=$1 new=$2 dir=${3%/} glob=${4:-*.txt}

# Both are meant literally, so what sed would read is escaped.
old_re=$(sed 's/[][\.*^$/]/\\&/g' <<<"$old")
new_re=$(sed 's/[&\/]/\\&/g' <<<"$new")

mapfile -d '' -t hits < <(
  find "$dir" -name .git -prune -o -type f -name "$glob" -exec grep -lZF -e "$old" {} + | sort -z
)
((${#hits[@]})) || exit 1

total=0
for file in "${hits[@]}"; do
  count=$(grep -oF -e "$old" -- "$file" | wc -l)
  printf '%s: %d\n' "${file#"$dir"/}" "$count"
  ((total += count))
  [[ $dry ]] || sed -i "s/$old_re/$new_re/g" -- "$file"
done
echo "${dry:+would replace }${total} in ${#hits[@]} files"
