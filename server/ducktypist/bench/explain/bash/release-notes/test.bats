bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  printf 'zlib 1.2\nbash 5.1\ngone 1\n' > old
}

@test "what was added, removed and changed is listed and counted" {
  printf 'new 2\nbash 5.2\nalso 1\nzlib 1.2\n' > new
  run --separate-stderr bash "$SCRIPT" spring old new
  [ "$status" -eq 0 ]
  [ "$output" = 'Spring
======

Added (2)
  * also
  * new

Removed (1)
  * gone

Changed (1)
  * bash 5.1 -> 5.2

$ upgrade --all   # as ever' ]
}

@test "a section without items is left out" {
  run --separate-stderr bash "$SCRIPT" 'two words' old old
  [ "$status" -eq 0 ]
  [ "$output" = 'Two words
=========

$ upgrade --all   # as ever' ]
}

@test "nothing in a title or a name is run or expanded" {
  printf '$(touch\\ran) 1\n`touch 2\n*.txt 1\n' > new
  : > old
  run --separate-stderr bash "$SCRIPT" '$HOME `id`' old new
  [ "${lines[0]}" = '$HOME `id`' ]
  [ "${lines[2]}" = 'Added (3)' ]
  [ "${lines[3]}" = '  * $(touch\ran)' ]
  [ "${lines[4]}" = '  * *.txt' ]
}

@test "blank lines are no packages, a third word is compared where a version lacks" {
  printf 'a\n\nb 1\n' > old
  printf '\nb 2\n\na 1 x\n' > new
  run --separate-stderr bash "$SCRIPT" t old new
  [ "$output" = $'T\n=\n\nChanged (2)\n  * a 1 -> x\n  * b 1 -> 2\n\n$ upgrade --all   # as ever' ]
}

@test "the first line of a package counts" {
  printf 'a 1\na 2\n' > old
  printf 'b 1\nb 2\na 2\na 1\n' > new
  run --separate-stderr bash "$SCRIPT" t old new
  [ "$output" = $'T\n=\n\nAdded (1)\n  * b\n\nChanged (1)\n  * a 1 -> 2\n\n$ upgrade --all   # as ever' ]
}

@test "a list that is not there is status 66, no title 1" {
  run --separate-stderr bash "$SCRIPT" t old nowhere
  [ "$status" -eq 66 ]
  [ -z "$output" ]
  [ -n "$stderr" ]
  run --separate-stderr bash "$SCRIPT" '' old old
  [ "$status" -eq 1 ]
  [ -n "$stderr" ]
}
