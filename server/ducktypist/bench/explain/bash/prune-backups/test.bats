bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir -p d/sub/deep
}

@test "of each name the two newest stay, by the date in the name" {
  printf 1 > d/db-20240301.tar
  printf 22 > d/db-20240101.tar
  printf 333 > d/db-20231231.tar.gz
  printf 4444 > d/db-20240302.tar.gz
  printf 5 > d/web-20200101.tar
  touch -d '2001-01-01' d/db-20240302.tar.gz
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -eq 0 ]
  [ "$output" = $'remove db-20240101.tar\nremove db-20231231.tar.gz\n2 removed, 5 bytes, 2 groups' ]
  [ "$(cd d && echo *.*)" = 'db-20240301.tar db-20240302.tar.gz web-20200101.tar' ]
}

@test "-k says how many stay" {
  touch d/a-2024010{1,2,3,4}.tar
  run --separate-stderr bash "$SCRIPT" -k 3 d
  [ "$output" = $'remove a-20240101.tar\n1 removed, 0 bytes, 1 groups' ]
  run --separate-stderr bash "$SCRIPT" -k 0 d
  [ "${lines[-1]}" = '3 removed, 0 bytes, 1 groups' ]
  [ "$(ls d)" = sub ]
}

@test "-n tells what would go and leaves it" {
  printf 22 > d/a-20240101.tar
  touch d/a-20240102.tar
  run --separate-stderr bash "$SCRIPT" -n -k 1 d
  [ "$status" -eq 0 ]
  [ "$output" = $'remove a-20240101.tar\n1 removed, 2 bytes, 1 groups' ]
  [ -f d/a-20240101.tar ]
}

@test "folders one level down are groups of their own, deeper ones are left" {
  touch d/a-2024010{1,2}.tar d/sub/a-2023010{1,2}.tar d/sub/deep/a-2022010{1,2}.tar
  run --separate-stderr bash "$SCRIPT" -k 1 d
  [ "$output" = $'remove a-20240101.tar\nremove sub/a-20230101.tar\n2 removed, 0 bytes, 2 groups' ]
  [ "$(ls d/sub/deep | wc -l)" -eq 2 ]
}

@test "other names are left alone" {
  touch d/a-2024.tar d/a-202401011.tar d/a-20240101.tar.xz d/20240101.tar d/a-20240101.tgz "d/b-20240101.tar"
  mkdir d/c-20240101.tar
  run --separate-stderr bash "$SCRIPT" -k 0 d
  [ "$output" = $'remove b-20240101.tar\n1 removed, 0 bytes, 1 groups' ]
  [ "$(ls d | wc -l)" -eq 7 ]
}

@test "names with spaces, newlines and hyphens are whole" {
  printf 1 > "d/my db-x-20240101.tar"
  printf 22 > "d/my db-x-20240102.tar"
  printf 333 > $'d/new\nline-20230101.tar'
  run --separate-stderr bash "$SCRIPT" -k 1 d
  [ "$output" = $'remove my db-x-20240101.tar\n1 removed, 1 bytes, 2 groups' ]
  [ "$(find d -type f -printf x)" = xx ]
}

@test "a missing directory is status 1, an unknown option 64" {
  touch d/a-20240101.tar
  run --separate-stderr bash "$SCRIPT" nowhere
  [ "$status" -eq 1 ]
  [ -n "$stderr" ]
  run --separate-stderr bash "$SCRIPT" -q d
  [ "$status" -eq 64 ]
  [ -f d/a-20240101.tar ]
}
