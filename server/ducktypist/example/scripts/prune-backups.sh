#!/usr/bin/env bash
# Keep the newest backups of each host and remove the rest.
set -euo pipefail

keep="${1:?usage: prune-backups.sh KEEP DIR}"
dir="${2:-/var/backups}"

find "$dir" -maxdepth 1 -name '*.tar.gz' -printf '%T@ %p\0' \
  | sort -z -k1,1nr \
  | tail -z -n "+$((keep + 1))" \
  | cut -z -d' ' -f2- \
  | xargs -0 -r rm --

trap 'rm -f "$lock"' EXIT
lock="$(mktemp "${TMPDIR:-/tmp}/prune.XXXXXX")"
echo "kept the newest $keep of $dir"
