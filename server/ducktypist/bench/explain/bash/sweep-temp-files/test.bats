bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir -p d/sub
}

@test "temporary and backup files go at every depth, and are counted, with status 1" {
  touch d/a.tmp "d/sub/b c.txt~" d/sub/.tmp d/sub/.#lock d/keep.txt d/tmp
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -eq 1 ]
  [ "$output" = '- removed a.tmp
- removed sub/.#lock
- removed sub/.tmp
- removed sub/b c.txt~
tmp 2, backup 1, other 1' ]
  [ "$(cd d && find . -type f | sort)" = $'./keep.txt\n./tmp' ]
}

@test "where there is none it is clean, with status 0" {
  touch d/a.tmp.txt d/~a "d/.tmp x"
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -eq 0 ]
  [ "$output" = clean ]
  [ "$(ls -A d | wc -l)" -eq 4 ]
}

@test "-n tells and leaves" {
  touch d/a.tmp d/b~
  run --separate-stderr bash "$SCRIPT" -n d
  [ "$status" -eq 1 ]
  [ "$output" = $'- would remove a.tmp\n- would remove b~\ntmp 1, backup 1, other 0' ]
  [ -f d/a.tmp ]
  [ -f d/b~ ]
}

@test "folders of git and node are not entered, a folder with such a name is no file" {
  mkdir -p d/.git d/sub/node_modules/x d/dir.tmp
  touch d/.git/a.tmp d/sub/node_modules/x/b.tmp d/dir.tmp/c~
  run --separate-stderr bash "$SCRIPT" d
  [ "$output" = $'- removed dir.tmp/c~\ntmp 0, backup 1, other 0' ]
  [ -f d/.git/a.tmp ]
  [ -f d/sub/node_modules/x/b.tmp ]
  [ -d d/dir.tmp ]
}

@test "names that match one to spare stay" {
  touch d/a1.tmp d/a2.tmp d/b.tmp d/sub/c~
  run --separate-stderr bash "$SCRIPT" d 'a*' c~
  [ "$output" = $'- removed b.tmp\ntmp 1, backup 0, other 0' ]
  [ -f d/a1.tmp ]
  [ -f d/a2.tmp ]
  [ -f d/sub/c~ ]
}

@test "a core goes if it takes more than a kibibyte" {
  head -c 1024 /dev/zero > d/core
  head -c 1025 /dev/zero > d/sub/core
  head -c 9000 /dev/zero > d/other
  run --separate-stderr bash "$SCRIPT" d
  [ "$output" = $'- removed sub/core\ntmp 0, backup 0, other 1' ]
  [ -f d/core ]
}

@test "a missing directory is status 66, and what is beside it stays" {
  touch d/a.tmp
  run --separate-stderr bash "$SCRIPT" nowhere
  [ "$status" -eq 66 ]
  [ -z "$output" ]
  [ -n "$stderr" ]
  [ -f d/a.tmp ]
  run --separate-stderr bash "$SCRIPT" d/a.tmp
  [ "$status" -eq 66 ]
}
