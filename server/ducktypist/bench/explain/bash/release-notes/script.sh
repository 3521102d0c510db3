#!/usr/bin/env bash
# usage: release-notes TITLE OLD NEW   (a package and its version on each line)
set -euo pipefail
export LC_ALL=C

title=${1:?no title} old=${2-} new=${3-}
[[ -f $old && -f $new ]] || { echo "two lists are needed" >&2; exit 66; }

names() { awk 'NF { print $1 }' "$1" | sort -u; }
section() {
  local items
  items=$(sed 's/^/  * /')
  [[ $items ]] || return 0
  cat <<EOF

$1 ($(wc -l <<<"$items"))
$items
EOF
}

cat <<-EOF
	${title^}
	${title//?/=}
EOF
comm -13 <(names "$old") <(names "$new") | section Added
comm -23 <(names "$old") <(names "$new") | section Removed
join <(sort -k1,1 -u "$old") <(sort -k1,1 -u "$new") |
  awk 'NF > 2 && $2 != $3 { print $1 " " $2 " -> " $3 }' | section Changed
cat <<'EOF'

$ upgrade --all   # as ever
EOF
