#!/usr/bin/env bash
# usage: archive-by-extension DIR OUT
set -euo pipefail
export LC_ALL=C

src=${1:?no directory} out=${2:?no folder for the archives}
mkdir -p -- "$out"
out=$(cd -- "$out" && pwd)
declare -A count=()

while IFS= read -r -d '' path; do
  name=${path##*/}
  case $name in
    ?*.?*) ext=${name##*.} ;;
    *) ext=none ;;
  esac
  ext=${ext,,}
  count[$ext]=$((${count[$ext]:-0} + 1))
  printf '%s\0' "$path" >>"$out/$ext.list"
done < <(cd -- "$src" && find . -type f -printf '%P\0' | sort -z)

for ext in "${!count[@]}"; do
  tar -C "$src" --null -cf "$out/$ext.tar" -T "$out/$ext.list"
  rm -- "$out/$ext.list"
  printf '%-6s|%3d\n' "$ext" "${count[$ext]}"
done | sort -t '|' -k2,2nr -k1,1
