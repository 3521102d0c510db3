bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  cat > a.ini <<'INI'
port = 1
[db]
host = first
port=5432 ; default
  host =  last one  # remark
hostname = other
[web]
host=web
[empty]
[db]
name = a=b
time.out = 5
blank =
INI
}

@test "the last value of a key in its section is shown" {
  run --separate-stderr bash "$SCRIPT" -f a.ini db.host
  [ "$status" -eq 0 ]
  [ "$output" = 'last one' ]
  run --separate-stderr bash "$SCRIPT" -f a.ini web.host
  [ "$output" = web ]
}

@test "-a shows all values in their order" {
  run --separate-stderr bash "$SCRIPT" -a -f a.ini db.host
  [ "$status" -eq 0 ]
  [ "$output" = $'first\nlast one' ]
}

@test "remarks after ; and # are cut off with the space before them" {
  run --separate-stderr bash "$SCRIPT" -f a.ini db.port
  [ "$output" = 5432 ]
  [ "$status" -eq 0 ]
}

@test "a section may come twice, a value may hold an equal sign" {
  run --separate-stderr bash "$SCRIPT" -f a.ini db.name
  [ "$output" = 'a=b' ]
  run --separate-stderr bash "$SCRIPT" -f a.ini db.time.out
  [ "$output" = 5 ]
  run --separate-stderr bash "$SCRIPT" -f a.ini db.hostname
  [ "$output" = other ]
}

@test "a key that is not in its section is status 1, or the default" {
  run --separate-stderr bash "$SCRIPT" -f a.ini web.port
  [ "$status" -eq 1 ]
  [ -z "$output$stderr" ]
  run --separate-stderr bash "$SCRIPT" -f a.ini -d 80 web.port
  [ "$status" -eq 0 ]
  [ "$output" = 80 ]
}

@test "an empty value is a value, and so is an empty default" {
  run --separate-stderr bash "$SCRIPT" -f a.ini -d x db.blank
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  run --separate-stderr --keep-empty-lines bash "$SCRIPT" -d '' -f a.ini empty.host
  [ "$status" -eq 0 ]
  [ "$output" = $'\n' ]
}

@test "a file that cannot be read or a key without a section is status 64" {
  run --separate-stderr bash "$SCRIPT" -f b.ini db.host
  [ "$status" -eq 64 ]
  [ -n "$stderr" ]
  run --separate-stderr bash "$SCRIPT" -f a.ini host
  [ "$status" -eq 64 ]
  run --separate-stderr bash "$SCRIPT" -z -f a.ini db.host
  [ "$status" -eq 64 ]
}
