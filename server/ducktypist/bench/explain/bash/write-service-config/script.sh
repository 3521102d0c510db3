#!/usr/bin/env bash
# usage: write-service-config NAME [KEY=VALUE]...
set -u

name=${1:?a name is needed}
shift
unset PORT HOST DEBUG OWNER
for setting in "$@"; do
  case $setting in
    PORT=* | HOST=* | DEBUG=* | OWNER=*) declare "${setting%%=*}=${setting#*=}" ;;
    *) echo "unknown: ${setting%%=*}" >&2; exit 2 ;;
  esac
done
: "${PORT:=8080}" "${HOST=localhost}"
((PORT > 0 && PORT < 65536)) || exit 3

file=${name//[^A-Za-z0-9]/_}.conf
cat >"$file" <<-HEAD
	[${name^^}]
	listen = ${HOST:-*}:$PORT
	admin = $((PORT + 1))
	owner = ${OWNER-nobody}${DEBUG:+
	debug = $DEBUG}
	cost = \$5
HEAD
cat >>"$file" <<'TAIL'
path = $HOME/`whoami`
  end = \n
TAIL
echo "$file: $(wc -l <"$file") lines"
