bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir tmp
  export TMPDIR=$BATS_TEST_TMPDIR/tmp
}

@test "what a command makes becomes the result" {
  run --separate-stderr bash "$SCRIPT" out bash -c 'echo hi; echo 1 > a; mkdir s; echo 2 > "s/b c"'
  [ "$status" -eq 0 ]
  [ "$output" = $'hi\nkept: 2' ]
  [ "$(cat out/a "out/s/b c")" = $'1\n2' ]
  [ -z "$(ls -A tmp)" ]
}

@test "a failure leaves nothing and keeps its status" {
  run --separate-stderr bash "$SCRIPT" out bash -c 'touch a; exit 7'
  [ "$status" -eq 7 ]
  [ "$output" = "dropped: 7" ]
  [ ! -e out ]
  [ -z "$(ls -A tmp)" ]
}

@test "the command runs in an empty folder that is not the caller's" {
  touch mine
  run --separate-stderr bash "$SCRIPT" out bash -c 'ls -A; pwd > where'
  [ "$output" = "kept: 1" ]
  [ "$(cat out/where)" != "$PWD" ]
  [ -f mine ]
}

@test "a TERM signal is status 143 and leaves nothing" {
  run --separate-stderr bash "$SCRIPT" out bash -c 'touch a; kill -TERM $PPID; sleep 0.1'
  [ "$status" -eq 143 ]
  [ "$output" = "dropped: 143" ]
  [ ! -e out ]
  [ -z "$(ls -A tmp)" ]
}

@test "an INT signal is status 130 and leaves nothing" {
  # A shell cannot trap what was ignored when it started, as in a job in the background.
  run --separate-stderr env --default-signal=INT bash "$SCRIPT" out \
    bash -c 'touch a; kill -INT $PPID; sleep 0.1'
  [ "$status" -eq 130 ]
  [ "$output" = "dropped: 130" ]
  [ -z "$(ls -A tmp)" ]
}

@test "a result that exists is left alone, and the command is not run" {
  mkdir out
  touch out/old
  run --separate-stderr bash "$SCRIPT" out touch "$PWD/ran"
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  [ -n "$stderr" ]
  [ "$(ls -A out)" = old ]
  [ ! -e ran ]
  run --separate-stderr bash "$SCRIPT" new
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  [ -n "$stderr" ]
  run --separate-stderr bash "$SCRIPT" new pwd
  [ "${lines[-1]}" = "kept: 0" ]
}

@test "an absolute result is taken as it is, arguments are passed on whole" {
  run --separate-stderr bash "$SCRIPT" "$PWD/my out" printf '<%s>' 'a b' '' '*'
  [ "$status" -eq 0 ]
  [ "$output" = "<a b><><*>kept: 0" ]
  [ -d "my out" ]
}
