#!/usr/bin/env bash
# usage: retry-command [-n TRIES] [-d CENTISECONDS] [-c CAP] [-s STATUS]... COMMAND...
set -u
tries=3 delay=1 cap=8 fatal=' 126 127 '
while getopts :n:d:c:s: opt; do
  case $opt in
    n) tries=$OPTARG ;;
    d) delay=$OPTARG ;;
    c) cap=$OPTARG ;;
    s) fatal+="$OPTARG " ;;
    *) echo "bad option: -$OPTARG" >&2; exit 64 ;;
  esac
done
shift $((OPTIND - 1))
(($# && tries > 0)) || exit 64

pause() {
  local seconds
  printf -v seconds '%d.%02d' $(($1 / 100)) $(($1 % 100))
  echo "attempt $attempt: status $status, waiting ${seconds}s"
  sleep "$seconds"
}

for ((attempt = 1; ; attempt++)); do
  "$@" && break
  status=$?
  if [[ $fatal == *" $status "* ]]; then
    echo "attempt $attempt: status $status, hopeless"
    exit "$status"
  fi
  ((attempt < tries)) || { echo "gave up after $attempt"; exit "$status"; }
  pause "$delay"
  ((delay = delay * 2 > cap ? cap : delay * 2))
done
((attempt == 1)) || echo "attempt $attempt: ok"
