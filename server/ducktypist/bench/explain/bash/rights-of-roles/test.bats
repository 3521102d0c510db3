bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "a role has its own rights and those of the lesser ones" {
  run --separate-stderr bash "$SCRIPT" <<<$'ann: owner\nbob: editor\ncid: reader'
  [ "$status" -eq 0 ]
  [ "$output" = $'ann    drw  100\nbob    rw    20\ncid    r      5' ]
}

@test "rights of several roles are joined, their quotas added" {
  run --separate-stderr bash "$SCRIPT" <<<$'ann: reader, editor reader\nbob:owner,read-only'
  [ "$status" -eq 0 ]
  [ "$output" = $'ann    rw    30\nbob    drwx 103' ]
}

@test "an only-role has x besides what its beginning gives" {
  run --separate-stderr bash "$SCRIPT" <<<$'a: read-only\nb: write-only\nc: read-all\nd: write-some'
  [ "$status" -eq 0 ]
  [ "$output" = $'a      rx     3\nb      wx     5\nc      r      5\nd      w      5' ]
}

@test "none takes all away and ends the roles" {
  run --separate-stderr bash "$SCRIPT" <<<$'ann: owner, none, reader, king\nbob: none'
  [ "$status" -eq 0 ]
  [ "$output" = $'ann    -      0\nbob    -      0' ]
}

@test "unknown roles are told and counted in the status, an only-role keeps its x" {
  run --separate-stderr bash "$SCRIPT" <<<$'ann: King, reader\nbob: new-only * ?'
  [ "$status" -eq 4 ]
  [ "$output" = $'ann    r      5\nbob    x      0' ]
  [ "$stderr" = $'ann: King?\nbob: new-only?\nbob: *?\nbob: ??' ]
}

@test "capitals do not matter, a user may have no role" {
  run --separate-stderr bash "$SCRIPT" <<<$'ann: OWNER, Read-Only\ncid:\ndora the second'
  [ "$status" -eq 0 ]
  [ "$output" = $'ann    drwx 103\ncid    -      0\ndora the second -      0' ]
}

@test "comments and lines without a user are passed over, the status stops at 9" {
  run --separate-stderr bash "$SCRIPT" <<<$'# x: owner\n\n: owner\nann: a b c d e f g h i j k'
  [ "$status" -eq 9 ]
  [ "$output" = $'ann    -      0' ]
}
