bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "three and more neighbours become a range, two do not" {
  run --separate-stderr bash "$SCRIPT" <<<'1 2 3 5 6 8 10 11 12 13'
  [ "$status" -eq 0 ]
  [ "$output" = '1-3,5,6,8,10-13' ]
}

@test "order and repetition do not matter, numbers are sorted as numbers" {
  run --separate-stderr bash "$SCRIPT" <<<$'10\n9 9\n2\n8 100'
  [ "$output" = '2,8-10,100' ]
}

@test "commas, semicolons and blanks separate, the last line needs no end" {
  run --separate-stderr bash "$SCRIPT" < <(printf ' 4,,5;\t6\n\n7')
  [ "$status" -eq 0 ]
  [ "$output" = '4-7' ]
}

@test "a gap joins what is near" {
  run --separate-stderr bash "$SCRIPT" -g 3 <<<'1 4 7 11 12 20'
  [ "$output" = '1-7,11,12,20' ]
  run --separate-stderr bash "$SCRIPT" -g 2 <<<'1 3'
  [ "$output" = '1-3' ]
  run --separate-stderr bash "$SCRIPT" -g 0 <<<'1 2 3'
  [ "$output" = '1,2,3' ]
}

@test "-x writes ranges out, in their order" {
  run --separate-stderr bash "$SCRIPT" -x <<<'7-9,1,2-2,3 1-2'
  [ "$status" -eq 0 ]
  [ "$output" = '7,8,9,1,2,3,1,2' ]
}

@test "leading zeros are no octal, a range that runs backwards is empty" {
  run --separate-stderr bash "$SCRIPT" <<<'007 08 009'
  [ "$output" = '7-9' ]
  run --separate-stderr bash "$SCRIPT" -x <<<'008-010,5-4'
  [ "$output" = '8,9,10' ]
}

@test "what is no number is passed over, ranges too unless they are written out" {
  run --separate-stderr bash "$SCRIPT" <<<'1 x2 3y 4-6 -7 8.5 2 3'
  [ "$status" -eq 0 ]
  [ "$output" = '1-3' ]
}

@test "nothing is status 1, an unknown option 64" {
  run --separate-stderr bash "$SCRIPT" <<<'none 1-2'
  [ "$status" -eq 1 ]
  [ -z "$output" ]
  run --separate-stderr bash "$SCRIPT" -q <<<'1'
  [ "$status" -eq 64 ]
  [ -z "$output" ]
}
