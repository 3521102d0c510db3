#!/usr/bin/env bash
# usage: rights-of-roles <USERS   (name: role, role)
set -uf
export LC_ALL=C

quota_owner=100 quota_editor=20 quota_read_only=3
bad=0
while IFS=: read -r user roles; do
  [[ $user && $user != '#'* ]] || continue
  rights='' quota=0
  for role in ${roles//,/ }; do
    case ${role,,} in
      owner) rights+=d ;&
      editor) rights+=w ;&
      reader) rights+=r ;;
      *-only) rights+=x ;;&
      read-*) rights+=r ;;
      write-*) rights+=w ;;
      none) rights='' quota=0; break ;;
      *)
        echo "$user: $role?" >&2
        bad=$((bad + 1))
        continue
        ;;
    esac
    own=${role,,}
    own=quota_${own//[^a-z]/_}
    ((quota += ${!own:-5}))
  done
  rights=$(fold -w 1 <<<"$rights" | sort -u | paste -sd '' -)
  printf '%-6s %-4s %3d\n' "$user" "${rights:--}" "$quota"
done
exit "$((bad > 9 ? 9 : bad))"
