#!/usr/bin/env bash
# usage: count-log-statuses [-p PREFIX] <ACCESS_LOG
set -u
export LC_ALL=C

prefix=/
while getopts p: opt; do
  [[ $opt == p ]] || exit 64
  prefix=$OPTARG
done

declare -A hits=() bytes=()
rejected=0
request='^[^"]*"[A-Z]+ ([^ "]+)[^"]*" ([1-5])[0-9][0-9] ([0-9]+|-)'
while IFS= read -r line; do
  if ! [[ $line =~ $request ]]; then
    ((rejected++))
    continue
  fi
  [[ ${BASH_REMATCH[1]} == "$prefix"* ]] || continue
  class=${BASH_REMATCH[2]}xx
  size=${BASH_REMATCH[3]/-/0}
  ((hits[$class]++, bytes[$class] += size))
done

for class in "${!hits[@]}"; do
  printf '%s %5d %8d\n' "$class" "${hits[$class]}" "${bytes[$class]}"
done | sort -k2,2nr -k1,1
((rejected)) && echo "rejected: $rejected" >&2
[[ ! -v hits[5xx] ]]
