bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  # Fails until it was called the given number of times, with the status that is given.
  cat > flaky <<'SH'
echo x >> calls
n=$(wc -l < calls)
echo "call $n"
[ "$n" -ge "$1" ] || exit "$2"
SH
}

@test "a command that fails at first is run again after growing pauses" {
  run --separate-stderr bash "$SCRIPT" bash flaky 3 7
  [ "$status" -eq 0 ]
  [ "$output" = "call 1
attempt 1: status 7, waiting 0.01s
call 2
attempt 2: status 7, waiting 0.02s
call 3
attempt 3: ok" ]
}

@test "success at once adds nothing" {
  run --separate-stderr bash "$SCRIPT" echo 'a  b' '*'
  [ "$status" -eq 0 ]
  [ "$output" = 'a  b *' ]
}

@test "after the last try its status is returned" {
  run --separate-stderr bash "$SCRIPT" -n 2 bash flaky 9 5
  [ "$status" -eq 5 ]
  [ "$output" = $'call 1\nattempt 1: status 5, waiting 0.01s\ncall 2\ngave up after 2' ]
}

@test "pauses double up to the cap" {
  run --separate-stderr bash "$SCRIPT" -n 5 -d 2 -c 5 bash flaky 5 1
  [ "$status" -eq 0 ]
  [ "$(grep -o '[0-9.]*s$' <<<"$output" | paste -sd ' ')" = '0.02s 0.04s 0.05s 0.05s' ]
}

@test "a hopeless status ends it, more of them may be named" {
  run --separate-stderr bash "$SCRIPT" -s 4 -s 44 bash flaky 9 44
  [ "$status" -eq 44 ]
  [ "$output" = $'call 1\nattempt 1: status 44, hopeless' ]
  run -127 --separate-stderr bash "$SCRIPT" ./no-such-command
  [ "$status" -eq 127 ]
  [ "$output" = 'attempt 1: status 127, hopeless' ]
}

@test "wrong options, no tries and no command are status 64" {
  run --separate-stderr bash "$SCRIPT" -x true
  [ "$status" -eq 64 ]
  [ -n "$stderr" ]
  run --separate-stderr bash "$SCRIPT" -n 0 touch ran
  [ "$status" -eq 64 ]
  run --separate-stderr bash "$SCRIPT" -n 2
  [ "$status" -eq 64 ]
  [ ! -e ran ]
}
