#!/usr/bin/env bash
# usage: join-continued-lines [-w WIDTH] <TEXT
set -euo pipefail
export LC_ALL=C

width=0
if [[ ${1-} == -w ]]; then
  [[ ${2-} =~ ^[0-9]+$ ]] || exit 2
  width=$2
fi

sed -e ':again' -e '/\\$/ {
    $ { s/\\$//; b done
    }
    N
    s/[[:blank:]]*\\\n[[:blank:]]*/ /
    b again
  }' -e ':done' -e '/^[[:blank:]]*#/ d' -e 's/[[:blank:]]*$//' |
  awk -v width="$width" '
    $0 == "" { gap = 1; next }
    gap && n { print "" }
    { gap = 0; n++ }
    width && length($0) > width { $0 = substr($0, 1, width - 1) "~"; cut++ }
    { printf "%02d %s\n", n, $0 }
    END { if (cut) print cut " cut" > "/dev/stderr"; exit !n }'
