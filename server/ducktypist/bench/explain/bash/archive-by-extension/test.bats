bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir -p d/sub
}

@test "there is one archive for each extension, whatever its case" {
  touch d/a.txt d/sub/b.TXT d/c.md
  run --separate-stderr bash "$SCRIPT" d out
  [ "$status" -eq 0 ]
  [ "$output" = $'txt   |  2\nmd    |  1' ]
  [ "$(ls out)" = $'md.tar\ntxt.tar' ]
  [ "$(tar -tf out/txt.tar)" = $'a.txt\nsub/b.TXT' ]
  [ "$(tar -tf out/md.tar)" = c.md ]
}

@test "names without an extension go to none" {
  mkdir -p d/x.y/z.w
  touch d/.profile d/Makefile d/trailing. d/x.y/z.w/plain
  run --separate-stderr bash "$SCRIPT" d out
  [ "$output" = 'none  |  4' ]
  [ "$(tar -tf out/none.tar)" = $'.profile\nMakefile\ntrailing.\nx.y/z.w/plain' ]
}

@test "the last extension counts" {
  touch d/x.tar.gz d/y.gz d/.hidden.gz
  run --separate-stderr bash "$SCRIPT" d out
  [ "$output" = 'gz    |  3' ]
}

@test "extensions are sorted by count, then by name" {
  touch d/1.b d/2.b d/1.z d/1.a
  run --separate-stderr bash "$SCRIPT" d out
  [ "$output" = $'b     |  2\na     |  1\nz     |  1' ]
}

@test "names with spaces and newlines are packed whole, with their content" {
  echo one > "d/a b.txt"
  echo three > 'd/back\slash.txt'
  echo two > $'d/sub/line\nfeed.txt'
  echo four > 'd/ lead.txt'
  run --separate-stderr bash "$SCRIPT" d "my out/x"
  [ "$status" -eq 0 ]
  [ "$output" = 'txt   |  4' ]
  mkdir back
  tar -C back -xf "my out/x/txt.tar"
  [ "$(cat "back/a b.txt")" = one ]
  [ "$(cat 'back/back\slash.txt' 'back/ lead.txt')" = $'three\nfour' ]
  [ "$(cat back/sub/$'line\nfeed.txt')" = two ]
}

@test "no list is left beside the archives, and an argument that lacks is an error" {
  touch d/a.txt
  run --separate-stderr bash "$SCRIPT" d out
  [ "$(ls -A out)" = txt.tar ]
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -ne 0 ]
  [ -n "$stderr" ]
}
