bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir -p d/sub
}

@test "every occurrence in matching files is replaced and counted" {
  printf 'red red\ninfrared\n' > d/b.txt
  printf 'red\n' > "d/sub/a b.txt"
  printf 'blue\n' > d/c.txt
  run --separate-stderr bash "$SCRIPT" red green d
  [ "$status" -eq 0 ]
  [ "$output" = $'b.txt: 3\nsub/a b.txt: 1\n4 in 2 files' ]
  [ "$(cat d/b.txt)" = $'green green\ninfragreen' ]
  [ "$(cat "d/sub/a b.txt")" = green ]
}

@test "only files of the glob are looked at, which is *.txt unless given" {
  echo red > d/a.txt
  echo red > d/a.md
  run --separate-stderr bash "$SCRIPT" red blue d '*.md'
  [ "$output" = $'a.md: 1\n1 in 1 files' ]
  [ "$(cat d/a.txt)" = red ]
  [ "$(cat d/a.md)" = blue ]
  run --separate-stderr bash "$SCRIPT" red white d
  [ "$output" = $'a.txt: 1\n1 in 1 files' ]
}

@test "both texts are taken literally" {
  printf 'a.*b axxb [x]/$ ^\n' > d/a.txt
  run --separate-stderr bash "$SCRIPT" 'a.*b' '&\1/' d
  [ "$status" -eq 0 ]
  [ "$(cat d/a.txt)" = '&\1/ axxb [x]/$ ^' ]
  run --separate-stderr bash "$SCRIPT" '[x]/$' y d
  [ "$status" -eq 0 ]
  [ "$(cat d/a.txt)" = '&\1/ axxb y ^' ]
}

@test "-n says what would be done and changes nothing" {
  echo "red red" > d/a.txt
  run --separate-stderr bash "$SCRIPT" -n red blue d
  [ "$status" -eq 0 ]
  [ "$output" = $'a.txt: 2\nwould replace 2 in 1 files' ]
  [ "$(cat d/a.txt)" = "red red" ]
}

@test "what lies below .git stays as it is" {
  mkdir -p d/.git/x
  echo red > d/.git/x/a.txt
  echo red > d/a.txt
  run --separate-stderr bash "$SCRIPT" red blue d/
  [ "$output" = $'a.txt: 1\n1 in 1 files' ]
  [ "$(cat d/.git/x/a.txt)" = red ]
}

@test "no hit is status 1 in silence, too few arguments are status 2 with a message" {
  echo red > d/a.txt
  run --separate-stderr bash "$SCRIPT" green blue d
  [ "$status" -eq 1 ]
  [ -z "$output$stderr" ]
  run --separate-stderr bash "$SCRIPT" red blue
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  [ -n "$stderr" ]
}

@test "a text that looks like an option is still a text" {
  echo "use -n here" > d/a.txt
  run --separate-stderr bash "$SCRIPT" -n -n -x d
  [ "$output" = $'a.txt: 1\nwould replace 1 in 1 files' ]
}
