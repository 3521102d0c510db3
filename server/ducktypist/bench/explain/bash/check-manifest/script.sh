#!/usr/bin/env bash
# usage: check-manifest [-s] DIR <MANIFEST   (CRC, size and name, as cksum prints them)
set -u
export LC_ALL=C

strict=0
[[ ${1-} != -s ]] || { strict=8; shift; }
cd -- "${1:?no directory}" || exit 64

declare -A known=()
result=0
report() {
  printf '%-8s %s\n' "$1" "$2"
  ((result |= $3))
}

while read -r crc size name || [[ ${crc-} ]]; do
  [[ $crc == [0-9]* && -n $name ]] || continue
  known[$name]=1
  if [[ ! -f $name ]]; then
    report missing "$name" 1
  elif (($(wc -c <"$name") != size)); then
    report resized "$name" 2
  elif [[ $(cksum <"$name") != "$crc $size" ]]; then
    report changed "$name" 4
  else
    report ok "$name" 0
  fi
done

while IFS= read -r -d '' name; do
  [[ -v known[$name] ]] || report extra "$name" "$strict"
done < <(find . -type f -printf '%P\0' | sort -z)
exit "$result"
