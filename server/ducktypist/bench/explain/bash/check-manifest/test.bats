bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir -p d/sub
  echo one > d/a
  echo two > "d/sub/b c"
  (cd d && cksum a "sub/b c") > list
}

@test "files as they were are ok, in the manifest's order" {
  run --separate-stderr bash "$SCRIPT" d < list
  [ "$status" -eq 0 ]
  [ "$output" = $'ok       a\nok       sub/b c' ]
  run --separate-stderr bash "$SCRIPT" d < <(tac list)
  [ "$output" = $'ok       sub/b c\nok       a' ]
}

@test "a missing file is status 1, one of another size 2, one of another content 4" {
  mv d/a keep
  run --separate-stderr bash "$SCRIPT" d < list
  [ "$status" -eq 1 ]
  [ "$output" = $'missing  a\nok       sub/b c' ]
  echo more > d/a
  run --separate-stderr bash "$SCRIPT" d < list
  [ "$status" -eq 2 ]
  [ "${lines[0]}" = 'resized  a' ]
  echo eno > d/a
  run --separate-stderr bash "$SCRIPT" d < list
  [ "$status" -eq 4 ]
  [ "${lines[0]}" = 'changed  a' ]
}

@test "several findings add up, each kind once" {
  rm d/a
  echo owt > "d/sub/b c"
  printf '1 1 x\n1 1 y\\z\n' >> list
  run --separate-stderr bash "$SCRIPT" d < list
  [ "$status" -eq 5 ]
  [ "$output" = $'missing  a\nchanged  sub/b c\nmissing  x\nmissing  y\\z' ]
}

@test "files that are not in the manifest are told at the end, sorted" {
  touch d/z d/y d/x d/m "d/new file" d/.hidden 'd/n\t'
  run --separate-stderr bash "$SCRIPT" d < list
  [ "$status" -eq 0 ]
  [ "$output" = $'ok       a\nok       sub/b c\nextra    .hidden\nextra    m\nextra    n\\t\nextra    new file\nextra    x\nextra    y\nextra    z' ]
}

@test "-s makes extra files status 8" {
  touch d/z
  run --separate-stderr bash "$SCRIPT" -s d < list
  [ "$status" -eq 8 ]
  [ "${lines[2]}" = 'extra    z' ]
  rm d/a
  run --separate-stderr bash "$SCRIPT" -s d < list
  [ "$status" -eq 9 ]
}

@test "other lines are passed over, the last needs no end" {
  run --separate-stderr bash "$SCRIPT" d < <(printf '# remark here now\n\n12 34\n'; printf %s "$(cat list)")
  [ "$status" -eq 0 ]
  [ "$output" = $'ok       a\nok       sub/b c' ]
}

@test "a missing directory is status 64" {
  run --separate-stderr bash "$SCRIPT" nowhere < list
  [ "$status" -eq 64 ]
  [ -z "$output" ]
  [ -n "$stderr" ]
}
