#!/usr/bin/env bash
# usage: collapse-ranges [-x] [-g GAP] <NUMBERS
set -u

expand=0 gap=1
while getopts xg: opt; do
  case $opt in x) expand=1 ;; g) gap=$((10#$OPTARG)) ;; *) exit 64 ;; esac
done

words() { tr -s ',;[:space:]' '\n' | grep -xE "$1"; }
flush() {
  [[ -v last ]] || return 0
  case $((last - first)) in
    0) out+=("$first") ;;
    1) out+=("$first" "$last") ;;
    *) out+=("$first-$last") ;;
  esac
}
out=()

if ((expand)); then
  while IFS=- read -r from to; do
    for ((i = 10#$from; i <= 10#${to:-$from}; i++)); do out+=("$i"); done
  done < <(words '[0-9]+(-[0-9]+)?')
else
  while read -r number; do
    number=$((10#$number))
    [[ -v last ]] && ((number - last <= gap)) || { flush; first=$number; }
    last=$number
  done < <(words '[0-9]+' | sort -un)
  flush
fi

((${#out[@]})) && (IFS=,; echo "${out[*]}")
