bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir -p d/sub
}

@test "groups are listed with their count, size and names, and the status is 1" {
  echo same > d/b
  echo same > d/sub/a
  echo same > d/sub/z
  echo lone > d/lone1
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -eq 1 ]
  [ "$output" = $'3 x 5 bytes:\n  b\n  sub/a\n  sub/z\nwasted: 10' ]
}

@test "nothing is wasted where all differ, and the status is 0" {
  echo one > d/a
  echo two > d/b
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -eq 0 ]
  [ "$output" = "wasted: 0" ]
}

@test "names with spaces stay whole" {
  echo x > "d/two  words"
  echo x > "d/sub/1 2 three"
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -eq 1 ]
  [ "$output" = $'2 x 2 bytes:\n  sub/1 2 three\n  two  words\nwasted: 2' ]
}

@test "empty files are not counted unless the minimum is 0" {
  : > d/e1
  : > d/e2
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -eq 0 ]
  [ "$output" = "wasted: 0" ]
  run --separate-stderr bash "$SCRIPT" -m 0 d
  [ "$status" -eq 0 ]
  [ "$output" = $'2 x 0 bytes:\n  e1\n  e2\nwasted: 0' ]
}

@test "files below the minimum size are left out, those of just that size are not" {
  printf 123 > d/a
  printf 123 > d/b
  printf 1234 > d/c
  printf 1234 > d/d
  run --separate-stderr bash "$SCRIPT" -m 4 d
  [ "$status" -eq 1 ]
  [ "$output" = $'2 x 4 bytes:\n  c\n  d\nwasted: 4' ]
}

@test "groups come in the order of their first names" {
  echo bb > d/1
  echo aaaa > d/2
  echo aaaa > d/3
  echo bb > d/9
  run --separate-stderr bash "$SCRIPT" d
  [ "$output" = $'2 x 3 bytes:\n  1\n  9\n2 x 5 bytes:\n  2\n  3\nwasted: 8' ]
}

@test "an unknown option has status 2, a missing directory 1, each with a message" {
  run --separate-stderr bash "$SCRIPT" -q d
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  [ -n "$stderr" ]
  run --separate-stderr bash "$SCRIPT" -m
  [ "$status" -eq 2 ]
  [ -n "$stderr" ]
  run --separate-stderr bash "$SCRIPT" nowhere
  [ "$status" -eq 1 ]
  [ -z "$output" ]
  [ -n "$stderr" ]
}
