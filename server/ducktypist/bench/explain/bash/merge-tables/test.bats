bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  printf 'pear\t3\napple\t1\nfig\t7\n' > l
  printf 'fig\t8\nkiwi\t2\npear\t3\n' > r
}

@test "each key of the left table gets both values and what became of it" {
  run --separate-stderr bash "$SCRIPT" l r
  [ "$status" -eq 0 ]
  [ "$output" = $'apple\t1\t?\tgone\nfig\t7\t8\tchanged\npear\t3\t3\tsame\n# 1/3' ]
}

@test "-o adds the keys that only the right table has" {
  run --separate-stderr bash "$SCRIPT" -o l r
  [ "$status" -eq 0 ]
  [ "$output" = $'apple\t1\t?\tgone\nfig\t7\t8\tchanged\nkiwi\t?\t2\tnew\npear\t3\t3\tsame\n# 1/4' ]
}

@test "the first of several rows of a key counts, and the key is told at the end" {
  printf 'b\t1\na\t1\nb\t2\na\t3\nc\t0\n' > l
  printf 'b\t1\nb\t9\n' > r
  run --separate-stderr bash "$SCRIPT" l r
  [ "$status" -eq 0 ]
  [ "$output" = $'a\t1\t?\tgone\nb\t1\t1\tsame\nc\t0\t?\tgone\n# 1/3\nrepeated: a b' ]
}

@test "keys and values may hold spaces, further columns are dropped" {
  printf 'a b\tx y\tmore\na\tx\n' > l
  printf 'a b\tx y\na\ty x\n' > r
  run --separate-stderr bash "$SCRIPT" l r
  [ "$output" = $'a\tx\ty x\tchanged\na b\tx y\tx y\tsame\n# 1/2' ]
}

@test "rows without a tab are no rows, an empty value is a question mark" {
  printf 'lonely\nk\t\n' > l
  printf 'k\tv\n' > r
  run --separate-stderr bash "$SCRIPT" l r
  [ "$status" -eq 0 ]
  [ "$output" = $'k\t?\tv\tnew\n# 0/1' ]
}

@test "two empty tables give the count alone" {
  : > l
  : > r
  run --separate-stderr bash "$SCRIPT" -o l r
  [ "$status" -eq 0 ]
  [ "$output" = '# 0/0' ]
}

@test "a table that cannot be read is status 66" {
  run --separate-stderr bash "$SCRIPT" l nowhere
  [ "$status" -eq 66 ]
  [ -z "$output" ]
  run --separate-stderr bash "$SCRIPT" nowhere r
  [ "$status" -eq 66 ]
}
