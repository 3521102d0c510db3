bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

bumped() {
  printf '%s\n' "$1" > VERSION
  run --separate-stderr bash "$SCRIPT" "$2"
  [ "$status" -eq 0 ]
  [ "$output" = "$1 -> $3" ]
  [ "$(cat VERSION)" = "$3" ]
}

@test "a part is raised and those after it become 0" {
  bumped 1.2.3 major 2.0.0
  bumped 1.2.3 minor 1.3.0
  bumped 1.2.3 patch 1.2.4
}

@test "parts are counted in tens, leading zeros go" {
  bumped 0.09.9 patch 0.9.10
  bumped 9.99.08 minor 9.100.0
}

@test "a patch of a pre-release is its release, pre is the next pre-release" {
  bumped 2.0.0-rc.3 patch 2.0.0
  bumped 2.0.0-rc.9 pre 2.0.0-rc.10
  bumped 2.0.0-rc.10 pre 2.0.0-rc.11
  bumped 2.0.0-rc.5.6 pre 2.0.0-rc.7
  bumped 2.0.0 pre 2.0.1-rc.1
  bumped 2.0.0-beta pre 2.0.0-rc.1
}

@test "major and minor drop a pre-release" {
  bumped 1.2.3-rc.1 minor 1.3.0
  bumped 1.2.3-rc.1 major 2.0.0
}

@test "a v stays, missing parts are 0" {
  bumped v1 patch v1.0.1
  bumped v0.0 minor v0.1.0
}

@test "only the first line changes, another file may be named" {
  printf '1.0.0\n2.0.0\n\nend' > "my file"
  run --separate-stderr bash "$SCRIPT" minor "my file"
  [ "$status" -eq 0 ]
  [ "$(cat "my file")" = $'1.1.0\n2.0.0\n\nend' ]
  [ "$(echo my*)" = 'my file' ]
}

@test "what is no version is status 65 and stays as it is" {
  for text in one 1.x 1.2.3.4 '' 1..2x; do
    printf '%s\n' "$text" > VERSION
    run --separate-stderr bash "$SCRIPT" patch
    [ "$status" -eq 65 ]
    [ -z "$output" ]
    [ "$(cat VERSION)" = "$text" ]
  done
}

@test "an unknown part is status 64, a missing file fails too" {
  echo 1.0.0 > VERSION
  run --separate-stderr bash "$SCRIPT" all
  [ "$status" -eq 64 ]
  [ -n "$stderr" ]
  [ "$(cat VERSION)" = 1.0.0 ]
  run --separate-stderr bash "$SCRIPT" minor nowhere
  [ "$status" -ne 0 ]
  [ ! -e nowhere ]
}
