bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  printf '%s\n' '[DEBUG] d' '[INFO] i' '  i2' '[WARN] w' $'\tw2' '[ERROR] e' ' e2' '[TRACE] t' > log
}

@test "a level shows itself and what is graver" {
  run --separate-stderr bash "$SCRIPT" warn < log
  [ "$status" -eq 0 ]
  [ "$output" = $'[WARN] w\n\tw2\n[ERROR] e\n e2' ]
  run --separate-stderr bash "$SCRIPT" error < log
  [ "$output" = $'[ERROR] e\n e2' ]
}

@test "debug shows all four levels, no other" {
  run --separate-stderr bash "$SCRIPT" debug < log
  [ "$status" -eq 0 ]
  [ "$output" = $'[DEBUG] d\n[INFO] i\n  i2\n[WARN] w\n\tw2\n[ERROR] e\n e2' ]
}

@test "the level may be written in any case, and warning is warn" {
  run --separate-stderr bash "$SCRIPT" Warning < log
  [ "$output" = $'[WARN] w\n\tw2\n[ERROR] e\n e2' ]
  run --separate-stderr bash "$SCRIPT" INFO < log
  [ "${lines[0]}" = '[INFO] i' ]
  [ "${#lines[@]}" -eq 6 ]
}

@test "critical lines and panics are always shown, with the lines that belong to them" {
  run --separate-stderr bash "$SCRIPT" error \
    <<<$'[INFO] CRITICAL a\n a2\n[INFO] b\npanic: c\n c2\nplain\n p2\nnot CRITICAL? d'
  [ "$status" -eq 0 ]
  [ "$output" = $'[INFO] CRITICAL a\n a2\npanic: c\n c2\nnot CRITICAL? d' ]
}

@test "an indented line goes with the one above, even if it looks like another level" {
  run --separate-stderr bash "$SCRIPT" error <<<$' a0\n[INFO] a\n [ERROR] a2\n panic: a3\n[ERROR] b\n [INFO] b2'
  [ "$output" = $'[ERROR] b\n [INFO] b2' ]
}

@test "the level's spaces do not matter, its case does, an unindented line ends an entry" {
  run --separate-stderr bash "$SCRIPT" info <<<$'[ INFO ] a [x] b\nplain\n[info] b\n[ERROR  ]c\n\n d'
  [ "$status" -eq 0 ]
  [ "$output" = $'[ INFO ] a [x] b\n[ERROR  ]c\n\n d' ]
}

@test "nothing shown is status 1, an unknown level 64, off 0" {
  run --separate-stderr bash "$SCRIPT" error <<<'[INFO] a'
  [ "$status" -eq 1 ]
  [ -z "$output$stderr" ]
  run --separate-stderr bash "$SCRIPT" loud < log
  [ "$status" -eq 64 ]
  [ -n "$stderr" ]
  run --separate-stderr bash "$SCRIPT" off < log
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}
