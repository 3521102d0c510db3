#!/usr/bin/env bash
# usage: split-paths [SEPARATOR] <PATHS
# Directory, stem, extension and depth of each path.
set -u
sep=${1-|}
seen=0 bad=0

while IFS= read -r path || [[ -n $path ]]; do
  case $path in
    '' | '#'*) continue ;;
    */)
      echo "directory: $path" >&2
      bad=$((bad + 1))
      continue
      ;;
  esac
  seen=$((seen + 1))
  file=${path##*/}
  dir=${path%"$file"}
  [[ $dir == / ]] || dir=${dir%/}
  case $file in
    *.tar.*) stem=${file%%.tar.*} ext=${file#"$stem".} ;;
    ?*.*) stem=${file%.*} ext=${file##*.} ;;
    *) stem=$file ext= ;;
  esac
  slashes=${path//[^\/]/}
  printf '%s%s%s%s%s%s%d\n' "${dir:-.}" "$sep" "$stem" "$sep" "${ext:--}" "$sep" "${#slashes}"
done

((seen)) || exit 3
exit $((bad > 0))
