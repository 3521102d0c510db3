#!/usr/bin/env bash
# usage: print-tree [-L DEPTH] DIR
set -u
export LC_ALL=C
shopt -s nullglob dotglob

depth=99 dirs=0 files=0
while getopts L: opt; do
  [[ $opt == L ]] && depth=$OPTARG || exit 64
done
shift $((OPTIND - 1))

walk() {
  local dir=$1 indent=$2 level=$3 i name corner more entries
  entries=("$dir"/*)
  for i in "${!entries[@]}"; do
    name=${entries[i]##*/} corner='|' more='|   '
    ((i < ${#entries[@]} - 1)) || corner='`' more='    '
    printf '%s%s-- %s' "$indent" "$corner" "$name"
    if [[ -L ${entries[i]} ]]; then
      echo " -> $(readlink -- "${entries[i]}")"
      ((++files))
    elif [[ -d ${entries[i]} ]]; then
      echo /
      ((++dirs, level < depth)) && walk "${entries[i]}" "$indent$more" $((level + 1))
    else
      echo && ((++files))
    fi
  done
}

[[ -d ${1-} ]] || { echo "no directory: ${1-}" >&2; exit 66; }
echo "${1%/}"
walk "${1%/}" '' 1
echo "$dirs directories, $files files"
