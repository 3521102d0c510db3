bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "what is gone, what was added and how many stayed are shown, with status 1" {
  printf 'pear\nplum\napple\nfig\n' > old
  printf 'fig\nkiwi\npear\nbanana\n' > new
  run --separate-stderr bash "$SCRIPT" old new
  [ "$status" -eq 1 ]
  [ "$output" = $'- apple\n- plum\n+ banana\n+ kiwi\n= 2' ]
}

@test "order and repetition do not matter" {
  printf 'b\na\nb\n' > old
  printf 'a\na\nb\n' > new
  run --separate-stderr bash "$SCRIPT" old new
  [ "$status" -eq 0 ]
  [ "$output" = '= 2' ]
}

@test "comments, blank lines and spaces at the end do not count, spaces before do" {
  printf '# list\nred # hot\n\nblue  \n green\n' > old
  printf 'blue\nred\ngreen' > new
  run --separate-stderr bash "$SCRIPT" old new
  [ "$status" -eq 1 ]
  [ "$output" = $'-  green\n+ green\n= 2' ]
}

@test "capitals matter unless -i is given, which shows small letters" {
  printf 'Red\nBLUE\n' > old
  printf 'red\nGreen\n' > new
  run --separate-stderr bash "$SCRIPT" -i old new
  [ "$status" -eq 1 ]
  [ "$output" = $'- blue\n+ green\n= 1' ]
  run --separate-stderr bash "$SCRIPT" old new
  [ "$output" = $'- BLUE\n- Red\n+ Green\n+ red\n= 0' ]
}

@test "an empty list is a list" {
  : > old
  echo x > new
  run --separate-stderr bash "$SCRIPT" old new
  [ "$status" -eq 1 ]
  [ "$output" = $'+ x\n= 0' ]
  run --separate-stderr bash "$SCRIPT" old old
  [ "$status" -eq 0 ]
  [ "$output" = '= 0' ]
}

@test "a missing list is status 2 and named" {
  echo x > old
  run --separate-stderr bash "$SCRIPT" old nowhere
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  [[ $stderr == *nowhere* ]]
  run --separate-stderr bash "$SCRIPT" nowhere old
  [ "$status" -eq 2 ]
  [ -z "$output" ]
}
