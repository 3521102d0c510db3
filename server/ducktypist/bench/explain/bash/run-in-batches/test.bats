bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "items are handed over in batches, the last may be smaller" {
  run --separate-stderr bash "$SCRIPT" 2 echo got <<<$'a\nb\nc\nd\ne'
  [ "$status" -eq 0 ]
  [ "$output" = $'got a b\ngot c d\ngot e\n3 batches of 5 items' ]
}

@test "each line is one argument, blank lines are none" {
  run --separate-stderr bash "$SCRIPT" 2 printf '<%s>' <<<$'a b\n\n  \n *\n c'
  [ "$status" -eq 0 ]
  [ "$output" = '<a b>< *>< c>2 batches of 3 items' ]
}

@test "without a command the batches are printed" {
  run --separate-stderr bash "$SCRIPT" 3 <<<$'a\nb  c\nd'
  [ "$output" = $'a b  c d\n1 batches of 3 items' ]
}

@test "the worst status is returned, failed batches are told with their sizes" {
  run --separate-stderr bash "$SCRIPT" 2 bash -c 'echo $0; case $0 in c) exit 5;; e) exit 1;; esac' \
    <<<$'a\nb\nc\nd\ne'
  [ "$status" -eq 5 ]
  [ "$output" = $'a\nc\ne\n3 batches of 5 items\nfailed: 2:2,3:1' ]
}

@test "the command cannot eat the items" {
  run --separate-stderr bash "$SCRIPT" 1 bash -c 'read -r x && echo "ate $x"; echo "$0"' <<<$'a\nb'
  [ "$status" -eq 0 ]
  [ "$output" = $'a\nb\n2 batches of 2 items' ]
}

@test "no item runs nothing" {
  run --separate-stderr bash "$SCRIPT" 4 touch ran <<<$'\n'
  [ "$status" -eq 0 ]
  [ "$output" = '0 batches of 0 items' ]
  [ ! -e ran ]
}

@test "a size that is no whole number from 1 on is status 2" {
  for size in 0 -1 x 1.5 ''; do
    run --separate-stderr bash "$SCRIPT" "$size" echo <<<a
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [ -n "$stderr" ]
  done
}
