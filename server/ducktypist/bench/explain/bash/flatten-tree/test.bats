bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir -p d/a/b
}

@test "files move to the top with their folders in the name, which then go" {
  echo 0 > d/top
  echo 1 > d/a/one.txt
  echo 2 > d/a/b/two.txt
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -eq 0 ]
  [ "$output" = $'a_b_two.txt\na_one.txt\ngone: ./a/b\ngone: ./a' ]
  [ "$(ls d)" = $'a_b_two.txt\na_one.txt\ntop' ]
  [ "$(cat d/a_b_two.txt)" = 2 ]
}

@test "another separator may be given, even one that patterns know" {
  touch d/a/x
  run --separate-stderr bash "$SCRIPT" -s ' & ' d
  [ "$output" = $'a & x\ngone: ./a/b\ngone: ./a' ]
  [ -f "d/a & x" ]
}

@test "a name that is taken is left where it is, with status 1" {
  echo old > d/a_x
  echo new > d/a/x
  echo 1 > d/a/y
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -eq 1 ]
  [ "$output" = $'taken: a_x\na_y\ngone: ./a/b' ]
  [ "$(cat d/a_x d/a/x)" = $'old\nnew' ]
}

@test "hidden files and what lies in hidden folders stay" {
  mkdir d/.git
  touch d/.git/x d/a/.y d/a/b/z
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -eq 0 ]
  [ "$output" = $'a_b_z\ngone: ./a/b' ]
  [ -f d/.git/x ]
  [ -f d/a/.y ]
}

@test "names with spaces and newlines are moved whole" {
  touch "d/a/b/x  y" $'d/a/new\nline'
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -eq 0 ]
  [ -f "d/a_b_x  y" ]
  [ -f $'d/a_new\nline' ]
  [ ! -e d/a ]
}

@test "empty folders go even where there is no file" {
  touch d/top
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -eq 0 ]
  [ "$output" = $'gone: ./a/b\ngone: ./a' ]
}

@test "a slash as separator is status 64, a missing or no directory 66" {
  touch d/a/x
  run --separate-stderr bash "$SCRIPT" -s a/b d
  [ "$status" -eq 64 ]
  [ -n "$stderr" ]
  run --separate-stderr bash "$SCRIPT" nowhere
  [ "$status" -eq 66 ]
  cd d
  run --separate-stderr bash "$SCRIPT"
  [ "$status" -eq 66 ]
  [ -f a/x ]
}
