bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir tmp
  export TMPDIR=$BATS_TEST_TMPDIR/tmp
}

@test "the result is shown, then how many lines each stage wrote" {
  run --separate-stderr bash "$SCRIPT" 'grep a' 'sort -r' 'sed -n 1p' <<<$'ab\nxx\nac'
  [ "$status" -eq 0 ]
  [ "$output" = $'| ac\nstage 1: ok, 2 lines\nstage 2: ok, 2 lines\nstage 3: ok, 1 lines' ]
}

@test "only the stages that were given are told" {
  run --separate-stderr bash "$SCRIPT" 'tr a b' <<<$'a\na'
  [ "$status" -eq 0 ]
  [ "$output" = $'| b\n| b\nstage 1: ok, 2 lines' ]
}

@test "the status is that of the last stage that failed" {
  run --separate-stderr bash "$SCRIPT" 'cat; exit 4' 'cat; exit 3' cat <<<$'a'
  [ "$status" -eq 3 ]
  [ "$output" = $'| a\nstage 1: status 4, 1 lines\nstage 2: status 3, 1 lines\nstage 3: ok, 1 lines' ]
}

@test "a failure in front is not covered by success behind" {
  run --separate-stderr bash "$SCRIPT" 'grep zzz' 'wc -l' <<<$'a\nb'
  [ "$status" -eq 1 ]
  [ "$output" = $'| 0\nstage 1: status 1, 0 lines\nstage 2: ok, 1 lines' ]
}

@test "an empty stage hands its input on" {
  run --separate-stderr bash "$SCRIPT" '' 'tac' '' <<<$'abc\nd e'
  [ "$status" -eq 0 ]
  [ "$output" = $'| d e\n| abc\nstage 1: ok, 2 lines\nstage 2: ok, 2 lines\nstage 3: ok, 2 lines' ]
}

@test "no stage is status 64, no input is no line, and nothing is left behind" {
  run --separate-stderr bash "$SCRIPT" </dev/null
  [ "$status" -eq 64 ]
  [ -z "$output" ]
  run --separate-stderr bash "$SCRIPT" cat 'exit 9' </dev/null
  [ "$status" -eq 9 ]
  [ "$output" = $'stage 1: ok, 0 lines\nstage 2: status 9, 0 lines' ]
  [ -z "$(ls -A tmp)" ]
}
