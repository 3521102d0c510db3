#!/usr/bin/env bash
# usage: apply-or-roll-back FILE SED-EXPRESSION...
set -Eeuo pipefail

file=${1:?no file}
shift
backup=$(mktemp)
trap 'rm -f -- "$backup" "$file.new"' EXIT
cp -- "$file" "$backup"

step=0
roll_back() {
  cp -- "$backup" "$file"
  echo "step $step failed: $1"
  exit $((10 + step))
}
trap 'roll_back "${expression-}"' ERR

apply() {
  sed -E -e "$1" "$file" >"$file.new" 2>/dev/null
  [[ -s $file.new ]]
  mv -- "$file.new" "$file"
}

for expression in "$@"; do
  step=$((step + 1))
  apply "$expression"
done
changed=$(diff "$backup" "$file" | grep -c '^>' || true)
echo "$step steps, $changed lines differ"
