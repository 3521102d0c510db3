#!/usr/bin/env bash
# usage: make-launcher [-f] NAME COMMAND [ARGUMENT]...
set -euo pipefail
export LC_ALL=C

force=
if [[ ${1-} == -f ]]; then force=yes; shift; fi
(($# >= 2)) || { echo "usage: ${0##*/} [-f] NAME COMMAND..." >&2; exit 64; }
name=$1 file=bin/${1//\//-}
shift
mkdir -p bin
[[ ! -e $file || $force ]] || { echo "$file exists" >&2; exit 73; }

{
  cat <<EOF
#!/usr/bin/env bash
# $name: ${1##*/}, $(($# - 1)) fixed
set -- ${*@Q} "\$@"
EOF
  cat <<'EOF'
[[ -z ${TRACE-} ]] || printf '+ %s\n' "$*"
exec "$@"
EOF
} >"$file"
chmod +x -- "$file"

find bin -type f -perm -u+x -exec grep -l '^exec "\$@"$' {} + | sort |
  while IFS= read -r launcher; do
    sed -n '2 s/^# //p' "$launcher"
  done
