#!/usr/bin/env bash
# usage: fill-template VALUES <TEMPLATE
set -uo pipefail

declare -A value=() missing=()
while IFS='=' read -r key rest || [[ $key ]]; do
  [[ $key =~ ^[[:space:]]*([A-Za-z_][A-Za-z_0-9]*)[[:space:]]*$ ]] || continue
  value[${BASH_REMATCH[1]}]=$rest
done <"${1:?no values}" || exit 2

pattern='\{\{([A-Za-z_0-9]+)(\|([^}]*))?\}\}'
while IFS= read -r line || [[ $line ]]; do
  filled=
  while [[ $line =~ $pattern ]]; do
    placeholder=${BASH_REMATCH[0]} name=${BASH_REMATCH[1]}
    filled+=${line%%"$placeholder"*}
    if [[ -v value[$name] ]]; then
      filled+=${value[$name]}
    elif [[ ${BASH_REMATCH[2]} ]]; then
      filled+=${BASH_REMATCH[3]}
    else
      filled+=$placeholder
      missing[$name]=1
    fi
    line=${line#*"$placeholder"}
  done
  printf '%s\n' "$filled$line"
done

((${#missing[@]} == 0)) && exit
printf '%s\n' "${!missing[@]}" | sort | paste -sd, - >&2
exit 1
