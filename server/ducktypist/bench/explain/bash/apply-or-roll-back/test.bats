bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir tmp
  export TMPDIR=$BATS_TEST_TMPDIR/tmp
  printf 'one\ntwo\nthree\n' > f
}

@test "all steps are applied in their order" {
  run --separate-stderr bash "$SCRIPT" f 's/one/two/' 's/two/2/' 's/(t)(h)/\2 \1/; s/$/ ./'
  [ "$status" -eq 0 ]
  [ "$output" = "3 steps, 3 lines differ" ]
  [ "$(cat f)" = $'2 .\n2 .\nh tree .' ]
}

@test "an invalid step undoes those before it, and its number is in the status" {
  run --separate-stderr bash "$SCRIPT" f 's/one/1/' 's/(/x/' 's/two/2/'
  [ "$status" -eq 12 ]
  [ "$output" = "step 2 failed: s/(/x/" ]
  [ "$(cat f)" = $'one\ntwo\nthree' ]
}

@test "a step that would leave an empty file is a failure" {
  run --separate-stderr bash "$SCRIPT" f 's/one/1/' '3d' 'd'
  [ "$status" -eq 13 ]
  [ "$output" = "step 3 failed: d" ]
  [ "$(cat f)" = $'one\ntwo\nthree' ]
}

@test "steps that change nothing are counted, with no line that differs" {
  run --separate-stderr bash "$SCRIPT" f 's/nine/9/'
  [ "$status" -eq 0 ]
  [ "$output" = "1 steps, 0 lines differ" ]
}

@test "lines that are new count, lines that are gone do not" {
  run --separate-stderr bash "$SCRIPT" f '1d' 's/three/3/'
  [ "$status" -eq 0 ]
  [ "$output" = "2 steps, 1 lines differ" ]
  [ "$(cat f)" = $'two\n3' ]
}

@test "nothing but the file is left, after success and after failure" {
  run --separate-stderr bash "$SCRIPT" f 's/one/1/'
  [ "$output" = "1 steps, 1 lines differ" ]
  run --separate-stderr bash "$SCRIPT" f 's/x'
  [ "$output" = "step 1 failed: s/x" ]
  [ "$(echo f*)" = f ]
  [ -z "$(ls -A tmp)" ]
  [ "$(cat f)" = $'1\ntwo\nthree' ]
}

@test "a missing file is status 1 and leaves no file behind" {
  run --separate-stderr bash "$SCRIPT" g 's/a/b/'
  [ "$status" -eq 1 ]
  [ -n "$stderr" ]
  [ ! -e g ]
  [ -z "$(ls -A tmp)" ]
  run --separate-stderr bash "$SCRIPT" f
  [ "$output" = "0 steps, 0 lines differ" ]
}
