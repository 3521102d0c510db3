#!/usr/bin/env bash
# usage: bump-version major|minor|patch|pre [VERSION_FILE]
set -euo pipefail

file=${2:-VERSION}
IFS= read -r version <"$file" || [[ ${version:=} ]] || exit 65
IFS=- read -r core pre <<<"${version#v}"
IFS=. read -r major minor patch rest <<<"$core"
for part in "$major" "${minor:=0}" "${patch:=0}"; do
  [[ $part =~ ^[0-9]+$ && -z $rest ]] || { echo "no version: $version" >&2; exit 65; }
done
((major = 10#$major, minor = 10#$minor, patch = 10#$patch)) || :

case ${1-} in
  major) ((++major, minor = patch = 0)) || : ;;
  minor) ((++minor, patch = 0)) || : ;;
  patch) [[ $pre ]] || ((++patch)) ;;
  pre)
    [[ $pre ]] || ((++patch))
    number=${pre##*.}
    [[ $number =~ ^[0-9]+$ ]] || number=0
    new_pre=-rc.$((10#$number + 1))
    ;;
  *) echo "major, minor, patch or pre" >&2; exit 64 ;;
esac

new=$major.$minor.$patch${new_pre-}
[[ $version != v* ]] || new=v$new
{ echo "$new"; tail -n +2 "$file"; } >"$file.new"
mv -- "$file.new" "$file"
echo "$version -> $new"
