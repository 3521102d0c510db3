bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "directory, stem, extension and number of slashes are shown" {
  run --separate-stderr bash "$SCRIPT" <<<$'/usr/share/doc/readme.txt\nsrc/main.c'
  [ "$status" -eq 0 ]
  [ "$output" = $'/usr/share/doc|readme|txt|4\nsrc|main|c|1' ]
}

@test "no directory is a dot, no extension is a hyphen, the root is a slash" {
  run --separate-stderr bash "$SCRIPT" <<<$'Makefile\n/vmlinuz\n/etc/.profile'
  [ "$status" -eq 0 ]
  [ "$output" = $'.|Makefile|-|0\n/|vmlinuz|-|1\n/etc|.profile|-|2' ]
}

@test "a tar file keeps both extensions, from the first .tar. on" {
  run --separate-stderr bash "$SCRIPT" <<<$'a.b.tar.gz\nx.tar.tar.xz\nplain.tar\nv.1.2'
  [ "$output" = $'.|a.b|tar.gz|0\n.|x|tar.tar.xz|0\n.|plain|tar|0\n.|v.1|2|0' ]
}

@test "another separator may be given, even none" {
  run --separate-stderr bash "$SCRIPT" ' : ' <<<'a b/c  d.e'
  [ "$output" = 'a b : c  d : e : 1' ]
  run --separate-stderr bash "$SCRIPT" '' <<<'a/b.c'
  [ "$output" = 'abc1' ]
}

@test "blank lines and comments are skipped, the last line needs no end" {
  run --separate-stderr bash "$SCRIPT" < <(printf '#x/y.z\n\n a.b\nlast\\x.y')
  [ "$status" -eq 0 ]
  [ "$output" = $'.| a|b|0\n.|last\\x|y|0' ]
}

@test "directories are refused one by one, with status 1 at the end" {
  run --separate-stderr bash "$SCRIPT" <<<$'src/\na.b\nlib/x/\n'
  [ "$status" -eq 1 ]
  [ "$output" = '.|a|b|0' ]
  [[ $stderr == *src/*lib/x/* ]]
  run --separate-stderr bash "$SCRIPT" <<<$'a\nb/'
  [ "$status" -eq 1 ]
}

@test "without a path the status is 3, directories do not count" {
  run --separate-stderr bash "$SCRIPT" </dev/null
  [ "$status" -eq 3 ]
  run --separate-stderr bash "$SCRIPT" <<<$'# none\nd/\n'
  [ "$status" -eq 3 ]
  [ -z "$output" ]
}
