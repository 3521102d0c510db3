bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "amounts are added up by name, the largest first" {
  run --separate-stderr bash "$SCRIPT" printf '%s\n' 'nuts 3' 'bolts 10' 'nuts 9' 'ants 10'
  [ "$status" -eq 0 ]
  [ "$output" = $'nuts 12\nants 10\nbolts 10\nfinished after 4' ]
}

@test "an INT signal shows the sums so far, with status 130" {
  # A shell cannot trap what was ignored when it started, as in a job in the background.
  run --separate-stderr env --default-signal=INT bash "$SCRIPT" \
    bash -c 'echo a 1; echo b 2; sleep 0.5; kill -INT $TALLY_PID; sleep 0.1; echo a 9'
  [ "$status" -eq 130 ]
  [ "$output" = $'b 2\na 1\ninterrupted after 2' ]
}

@test "a TERM signal is status 143" {
  run --separate-stderr bash "$SCRIPT" \
    bash -c 'echo a 1; sleep 0.5; kill -TERM $TALLY_PID; sleep 0.1; echo a 9'
  [ "$status" -eq 143 ]
  [ "$output" = $'a 1\nended after 1' ]
}

@test "a USR1 signal tells the sums and goes on" {
  run --separate-stderr bash "$SCRIPT" \
    bash -c 'echo a 1; sleep 0.5; kill -USR1 $TALLY_PID; sleep 0.5; echo a 4'
  [ "$status" -eq 0 ]
  [ "$output" = $'a 5\nfinished after 2' ]
  [ "$stderr" = $'a 1\nfinished after 1' ]
}

@test "a sum that reaches the limit ends it with status 3" {
  run --separate-stderr bash "$SCRIPT" -t 5 printf '%s\n' 'a 4' 'b -9' 'a 1' 'b 50'
  [ "$status" -eq 3 ]
  [ "$output" = $'a 5\nb -9\na is full after 3' ]
}

@test "lines without an amount are passed over, further words too, zeros are no octal" {
  run --separate-stderr bash "$SCRIPT" printf '%s\n' 'a' 'b 1.5' ' c  08 of 9' 'd -07' 'e x 3' '' '* 00'
  [ "$status" -eq 0 ]
  [ "$output" = $'c 8\n* 0\nd -7\nfinished after 3' ]
}

@test "no line is no sum, no command is status 64" {
  run --separate-stderr bash "$SCRIPT" true
  [ "$status" -eq 0 ]
  [ "$output" = 'finished after 0' ]
  run --separate-stderr bash "$SCRIPT"
  [ "$status" -eq 64 ]
  [ -z "$output" ]
}
