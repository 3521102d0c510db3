#!/usr/bin/env bash
# usage: ini-get -f FILE [-d DEFAULT] [-a] SECTION.KEY
file='' all=''
while getopts f:d:a opt; do
  case $opt in
    f) file=$OPTARG ;;
    d) default=$OPTARG ;;
    a) all=1 ;;
    *) exit 64 ;;
  esac
done
shift $((OPTIND - 1))
[[ -r $file && $1 == *.* ]] || { echo "usage: ini-get -f FILE SECTION.KEY" >&2; exit 64; }
section=${1%%.*} key=${1#*.}

mapfile -t found < <(
  sed -n -e "/^\[$section\]\$/,/^\[/ {
    /^\[/ d
    s/[[:space:]]*[;#].*//
    s/^[[:space:]]*${key}[[:space:]]*=[[:space:]]*//p
  }" "$file"
)

if ((${#found[@]} == 0)); then
  [[ -v default ]] || exit 1
  printf '%s\n' "$default"
elif [[ $all ]]; then
  printf '%s\n' "${found[@]}"
else
  printf '%s\n' "${found[-1]}"
fi
