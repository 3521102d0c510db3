bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "lines that end in a backslash go on in the next, with one space" {
  run --separate-stderr bash "$SCRIPT" <<'TEXT'
run --fast \
    --out x   \
	last
next
TEXT
  [ "$status" -eq 0 ]
  [ "$output" = $'01 run --fast --out x last\n02 next' ]
}

@test "a comment takes its continuation with it" {
  run --separate-stderr bash "$SCRIPT" <<'TEXT'
a
  # no \
b
c \
# d
TEXT
  [ "$status" -eq 0 ]
  [ "$output" = $'01 a\n02 c # d' ]
}

@test "blank lines become one between lines, none at the ends, and are not counted" {
  run --separate-stderr bash "$SCRIPT" <<<$'\n \na\n\n\t\n\nb\nc\n\n'
  [ "$status" -eq 0 ]
  [ "$output" = $'01 a\n\n02 b\n03 c' ]
}

@test "a backslash at the very end is dropped" {
  run --separate-stderr bash "$SCRIPT" <<<$'a\nb \\'
  [ "$status" -eq 0 ]
  [ "$output" = $'01 a\n02 b' ]
}

@test "a backslash within a line or before a space is a character" {
  run --separate-stderr bash "$SCRIPT" <<<$'a\\b\nc\\ \n  d'
  [ "$status" -eq 0 ]
  [ "$output" = $'01 a\\b\n02 c\\\n03   d' ]
}

@test "long lines are cut to the width, their last character a tilde" {
  run --separate-stderr bash "$SCRIPT" -w 5 <<<$'12345\n123456\nab\\\ncd\na b c d'
  [ "$status" -eq 0 ]
  [ "$output" = $'01 12345\n02 1234~\n03 ab cd\n04 a b ~' ]
  [ "$stderr" = '2 cut' ]
}

@test "no line is status 1, a width that is no number 2" {
  run --separate-stderr bash "$SCRIPT" <<<$'\n# only\n'
  [ "$status" -eq 1 ]
  [ -z "$output$stderr" ]
  run --separate-stderr bash "$SCRIPT" -w wide <<<'a'
  [ "$status" -eq 2 ]
  [ -z "$output" ]
}

@test "numbers have two digits and more where needed" {
  run --separate-stderr bash "$SCRIPT" < <(seq 1 100)
  [ "${lines[8]}" = '09 9' ]
  [ "${lines[99]}" = '100 100' ]
}
