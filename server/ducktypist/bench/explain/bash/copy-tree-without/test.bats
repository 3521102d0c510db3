bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir -p d/sub/cache
  echo 1 > d/a.c
  echo 2 > d/a.o
  echo 3 > d/sub/b.c
  echo 4 > d/sub/cache/x
}

@test "the tree is copied, and its files are listed by name with their numbers" {
  run --separate-stderr bash "$SCRIPT" d out
  [ "$status" -eq 0 ]
  [ "$output" = $'  1: a.c\n  2: a.o\n  3: sub/b.c\n  4: sub/cache/x' ]
  diff -r d out
}

@test "a pattern leaves files out at every depth" {
  run --separate-stderr bash "$SCRIPT" -x '*.c' d out
  [ "$status" -eq 0 ]
  [ "$output" = $'  1: a.o\n  2: sub/cache/x' ]
  [ ! -e out/a.c ]
  [ ! -e out/sub/b.c ]
  [ "$(cat out/a.o)" = 2 ]
}

@test "several patterns are all heeded, and a folder goes with what it holds" {
  run --separate-stderr bash "$SCRIPT" -x '*.o' -x cache d out
  [ "$output" = $'  1: a.c\n  2: sub/b.c' ]
  [ ! -e out/sub/cache ]
}

@test "what the destination held stays" {
  mkdir -p out/sub
  echo old > out/sub/old
  echo old > out/a.c
  run --separate-stderr bash "$SCRIPT" d out
  [ "$(cat out/sub/old)" = old ]
  [ "$(cat out/a.c)" = 1 ]
}

@test "a folder without files is copied but not listed" {
  mkdir -p "e/empty dir" "e/full one"
  touch "e/full one/f"
  run --separate-stderr bash "$SCRIPT" e "new/er out"
  [ "$output" = '  1: full one/f' ]
  [ -d "new/er out/empty dir" ]
}

@test "a missing tree has status 66 and makes nothing" {
  run --separate-stderr bash "$SCRIPT" nowhere out
  [ "$status" -eq 66 ]
  [ -n "$stderr" ]
  [ ! -e out ]
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -eq 66 ]
}

@test "an unknown option has status 64, a destination that is a file 73" {
  run --separate-stderr bash "$SCRIPT" -q d out
  [ "$status" -eq 64 ]
  run --separate-stderr bash "$SCRIPT" d d/a.c
  [ "$status" -eq 73 ]
  [ "$(cat d/a.c)" = 1 ]
}
