bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir -p d/b/deep d/empty
  touch d/a d/b/x d/b/deep/y
}

@test "entries are drawn below their folder, the last with a corner of its own" {
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -eq 0 ]
  [ "$output" = 'd
|-- a
|-- b/
|   |-- deep/
|   |   `-- y
|   `-- x
`-- empty/
3 directories, 3 files' ]
}

@test "below a last folder there is no line" {
  rm -r d/empty
  run --separate-stderr bash "$SCRIPT" d
  [ "$output" = 'd
|-- a
`-- b/
    |-- deep/
    |   `-- y
    `-- x
2 directories, 3 files' ]
}

@test "-L limits how deep it goes and what is counted" {
  run --separate-stderr bash "$SCRIPT" -L 1 d/
  [ "$output" = $'d\n|-- a\n|-- b/\n`-- empty/\n2 directories, 1 files' ]
  run --separate-stderr bash "$SCRIPT" -L 2 d
  [ "${lines[-1]}" = '3 directories, 2 files' ]
  [ "${#lines[@]}" -eq 7 ]
}

@test "capitals come first, hidden names too, spaces stay" {
  mkdir e
  touch e/b e/B e/.h "e/two  words" e/-n
  run --separate-stderr bash "$SCRIPT" e
  [ "$output" = $'e\n|-- -n\n|-- .h\n|-- B\n|-- b\n`-- two  words\n0 directories, 5 files' ]
}

@test "links are shown with their target and not followed" {
  mkdir e
  ln -s ../d e/loop
  ln -s nowhere e/dangling
  run --separate-stderr bash "$SCRIPT" e
  [ "$status" -eq 0 ]
  [ "$output" = $'e\n|-- dangling -> nowhere\n`-- loop -> ../d\n0 directories, 2 files' ]
}

@test "an empty folder has no entry" {
  run --separate-stderr bash "$SCRIPT" d/empty
  [ "$status" -eq 0 ]
  [ "$output" = $'d/empty\n0 directories, 0 files' ]
}

@test "a file or a missing folder is status 66, an unknown option 64" {
  run --separate-stderr bash "$SCRIPT" d/a
  [ "$status" -eq 66 ]
  [ -z "$output" ]
  [ -n "$stderr" ]
  run --separate-stderr bash "$SCRIPT"
  [ "$status" -eq 66 ]
  run --separate-stderr bash "$SCRIPT" -q d
  [ "$status" -eq 64 ]
}
