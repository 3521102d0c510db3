#!/usr/bin/env bash
# usage: find-duplicates [-m MIN_BYTES] DIR
set -euo pipefail
export LC_ALL=C

min=1
while getopts ':m:' opt; do
  case $opt in
    m) min=$OPTARG ;;
    :) echo "-$OPTARG needs a number" >&2; exit 2 ;;
    *) echo "unknown option -$OPTARG" >&2; exit 2 ;;
  esac
done
shift $((OPTIND - 1))
cd -- "${1:?no directory given}"

find . -type f ! -size -"$min"c -printf '%P\0' |
  sort -z |
  xargs -0 -r cksum -- |
  awk '{
      key = $1 " " $2; name = $0
      sub(/^[0-9]+ [0-9]+ /, "", name)
      if (!n[key]++) { order[++k] = key; size[key] = $2 }
      names[key] = names[key] "\n  " name
    }
    END {
      for (i = 1; i <= k; i++) {
        key = order[i]
        if (n[key] < 2) continue
        print n[key] " x " size[key] " bytes:" names[key]
        wasted += (n[key] - 1) * size[key]
      }
      print "wasted: " wasted + 0
      exit (wasted > 0)
    }'
