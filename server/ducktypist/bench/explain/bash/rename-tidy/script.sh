#!/usr/bin/env bash
# usage: rename-tidy [-n] DIR
set -euo pipefail
export LC_ALL=C
shopt -s nullglob

run='mv'
if [[ ${1-} == -n ]]; then run=:; shift; fi
cd -- "${1:?no directory}"

tidy() {
  local name=${1,,} ext=
  if [[ $name == ?*.* ]]; then
    ext=.${name##*.}
    name=${name%.*}
  fi
  [[ $ext == .jpeg ]] && ext=.jpg
  name=${name//[^a-z0-9._-]/-}
  while [[ $name == *--* ]]; do name=${name//--/-}; done
  name=${name#-}
  name=${name%-}
  printf '%s%s' "${name:-unnamed}" "$ext"
}

for old in *; do
  [[ -f $old ]] || continue
  new=$(tidy "$old")
  [[ $new == "$old" ]] && continue
  base=${new%.*} ext=${new#"${new%.*}"} n=2
  while [[ -e $new ]]; do new=$base-$((n++))$ext; done
  echo "$old -> $new"
  "$run" -- "$old" "$new"
done
