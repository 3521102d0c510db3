bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir tmp
  export TMPDIR=$BATS_TEST_TMPDIR/tmp
}

@test "each group's highest score is shown, groups by name" {
  run --separate-stderr bash "$SCRIPT" <<<$'red\tann\t3\nblue\tbob\t10\nred\tcid\t12\nblue\tdot\t9'
  [ "$status" -eq 0 ]
  [ "$output" = $'blue: 1. bob (10)\nred: 1. cid (12)\n2 groups, 4 rows' ]
}

@test "-n shows more of each group, as far as there are" {
  run --separate-stderr bash "$SCRIPT" -n 2 <<<$'a\tx\t1\nb\ty\t1\na\tz\t3\na\tw\t2'
  [ "$status" -eq 0 ]
  [ "$output" = $'a: 1. z (3) 2. w (2)\nb: 1. y (1)\n2 groups, 4 rows' ]
}

@test "-r shows the lowest first, with fractions and signs" {
  run --separate-stderr bash "$SCRIPT" -r -n 3 <<<$'a\tx\t0.5\na\ty\t-2\na\tz\t0.20\na\tw\t10'
  [ "$output" = $'a: 1. y (-2) 2. z (0.20) 3. x (0.5)\n1 groups, 4 rows' ]
}

@test "equal scores are sorted by name, the same row shows once" {
  run --separate-stderr bash "$SCRIPT" -n 4 <<<$'a\tx\t5\na\tb\t5\na\tx\t5\na\tq\t5'
  [ "$output" = $'a: 1. b (5) 2. q (5) 3. x (5)\n1 groups, 4 rows' ]
}

@test "names and groups may hold spaces" {
  run --separate-stderr bash "$SCRIPT" <<<$'a b\tc  d\t1\na\tb c\t2'
  [ "$output" = $'a: 1. b c (2)\na b: 1. c  d (1)\n2 groups, 2 rows' ]
}

@test "rows of another form are passed over" {
  run --separate-stderr bash "$SCRIPT" <<<$'a\tx\tmany\nb\t1\na\tx\t1\textra\n\ty\t2\na\tz\t3\na\tw\t4.'
  [ "$status" -eq 0 ]
  [ "$output" = $'a: 1. z (3)\n1 groups, 1 rows' ]
}

@test "no row is status 1, an unknown option 64, and no file is left" {
  run --separate-stderr bash "$SCRIPT" <<<'nothing'
  [ "$status" -eq 1 ]
  [ -z "$output" ]
  [ -n "$stderr" ]
  run --separate-stderr bash "$SCRIPT" -x <<<$'a\tb\t1'
  [ "$status" -eq 64 ]
  run --separate-stderr bash "$SCRIPT" <<<$'a\tb\t1'
  [ "$output" = $'a: 1. b (1)\n1 groups, 1 rows' ]
  [ -z "$(ls -A tmp)" ]
}
