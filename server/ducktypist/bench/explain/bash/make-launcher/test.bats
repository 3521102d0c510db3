bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "the launcher runs the command with its fixed arguments and further ones" {
  run --separate-stderr bash "$SCRIPT" show printf '<%s>' 'a b'
  [ "$status" -eq 0 ]
  [ "$output" = 'show: printf, 2 fixed' ]
  [ -x bin/show ]
  run --separate-stderr bash bin/show 'c  d' ''
  [ "$output" = '<a b><c  d><>' ]
}

@test "quotes, dollars and newlines in arguments stay what they are" {
  run --separate-stderr bash "$SCRIPT" q printf '%s|' "it's" '$HOME' '`id`' $'two\nlines' '\'
  [ "$status" -eq 0 ]
  run --separate-stderr bash bin/q '"'
  [ "$output" = $'it\'s|$HOME|`id`|two\nlines|\\|"|' ]
}

@test "TRACE shows the command before it is run" {
  run --separate-stderr bash "$SCRIPT" t echo one
  TRACE=1 run --separate-stderr bash bin/t two
  [ "$status" -eq 0 ]
  [ "$output" = $'+ echo one two\none two' ]
  TRACE= run --separate-stderr bash bin/t
  [ "$output" = 'one' ]
}

@test "all launchers are listed by file, of other files none" {
  mkdir bin
  printf '#!/bin/sh\nexec "$@"\n' > bin/not-executable
  printf '#!/bin/sh\n# other\necho\n' > bin/other
  chmod +x bin/other
  run --separate-stderr bash "$SCRIPT" zz /usr/bin/env
  [ "$output" = 'zz: env, 0 fixed' ]
  run --separate-stderr bash "$SCRIPT" 'a b' ls -l
  [ "$status" -eq 0 ]
  [ "$output" = $'a b: ls, 1 fixed\nzz: env, 0 fixed' ]
}

@test "a slash in the name becomes a hyphen in the file's" {
  run --separate-stderr bash "$SCRIPT" git/up/x true
  [ "$output" = 'git/up/x: true, 0 fixed' ]
  [ -x bin/git-up-x ]
}

@test "a launcher is replaced only with -f" {
  run --separate-stderr bash "$SCRIPT" x echo old
  run --separate-stderr bash "$SCRIPT" x echo new
  [ "$status" -eq 73 ]
  [ -z "$output" ]
  [ -n "$stderr" ]
  [ "$(bash bin/x)" = old ]
  run --separate-stderr bash "$SCRIPT" -f x echo new
  [ "$status" -eq 0 ]
  [ "$(bash bin/x)" = new ]
}

@test "a name without a command is status 64 and makes nothing" {
  run --separate-stderr bash "$SCRIPT" x
  [ "$status" -eq 64 ]
  [ -n "$stderr" ]
  run --separate-stderr bash "$SCRIPT" -f x
  [ "$status" -eq 64 ]
  [ ! -e bin ]
}
