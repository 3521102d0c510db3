#!/usr/bin/env bash
# usage: prefixed-settings [-r NAME]... <SETTINGS   (NAME=VALUE)
set -u
export LC_ALL=C
unset "${!APP_@}"

required=()
while getopts r: opt; do
  [[ $opt == r ]] || exit 64
  required+=("$OPTARG")
done

while IFS='=' read -r name value; do
  name=${name#export }
  [[ $name =~ ^[A-Z][A-Z0-9_]*$ ]] || continue
  if [[ $value == @* ]]; then other=APP_${value#@}; value=${!other-}; fi
  [[ $value == \"*\" ]] && value=${value:1:-1}
  printf -v "APP_$name" '%s' "$value"
done

for name in "${required[@]}"; do
  variable=APP_$name
  [[ ${!variable:+set} ]] || lacking+=("$name")
done
for variable in "${!APP_@}"; do
  value=${!variable}
  case $variable in
    *_KEY | *_SECRET) value=${value:0:2}${value:+...} ;;
    *_DIR) value=${value%/}/ ;;
  esac
  printf '%-12s = %s\n' "${variable#APP_}" "${value:-(empty)}"
done
[[ ! -v lacking ]] || { echo "lacking: ${lacking[*]}" >&2; exit "${#lacking[@]}"; }
