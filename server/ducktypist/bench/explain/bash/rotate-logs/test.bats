bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  echo new > app.log
}

@test "each file moves one number up, and the log becomes empty" {
  echo one > app.log.1
  echo two > app.log.2
  run --separate-stderr bash "$SCRIPT" app.log
  [ "$status" -eq 0 ]
  [ "$output" = 'app.log: rotated' ]
  [ "$(cat app.log.1 app.log.2 app.log.3)" = $'new\none\ntwo' ]
  [ -f app.log ]
  [ ! -s app.log ]
}

@test "no more are kept than asked for, gaps stay gaps" {
  echo one > app.log.1
  echo two > app.log.2
  run --separate-stderr bash "$SCRIPT" -k 2 app.log
  [ "$output" = 'app.log: rotated' ]
  [ "$(cat app.log.1 app.log.2)" = $'new\none' ]
  [ ! -e app.log.3 ]
  echo x > other
  echo y > other.2
  run --separate-stderr bash "$SCRIPT" other
  [ "$(cat other.1 other.3)" = $'x\ny' ]
  [ ! -e other.2 ]
}

@test "the log keeps its file, the copy its time" {
  touch -d '2001-02-03' app.log
  exec 9>> app.log
  run --separate-stderr bash "$SCRIPT" app.log
  [ "$output" = 'app.log: rotated' ]
  echo later >&9
  exec 9>&-
  [ "$(cat app.log)" = later ]
  [ "$(find app.log.1 -printf '%TY')" = 2001 ]
}

@test "small logs are kept" {
  : > empty
  printf 1 > app.log
  run --separate-stderr bash "$SCRIPT" -k 1 empty app.log
  [ "$status" -eq 0 ]
  [ "$output" = $'empty: 0 bytes, kept\napp.log: rotated' ]
  printf 1234 > app.log
  run --separate-stderr bash "$SCRIPT" -m 5 app.log
  [ "$output" = 'app.log: 4 bytes, kept' ]
  run --separate-stderr bash "$SCRIPT" -m 4 app.log
  [ "$output" = 'app.log: rotated' ]
}

@test "a missing log ends it with status 1 and is named, what was done stays" {
  echo last > last.log
  run --separate-stderr bash "$SCRIPT" app.log nowhere.log last.log
  [ "$status" -eq 1 ]
  [ "$output" = 'app.log: rotated' ]
  [[ $stderr == *'failed at: nowhere.log'* ]]
  [ ! -e last.log.1 ]
  [ ! -e app.log.lock ]
}

@test "while one runs another is status 75 and does nothing, a wrong call is 64" {
  mkdir app.log.lock
  run --separate-stderr bash "$SCRIPT" app.log
  [ "$status" -eq 75 ]
  [ -z "$output" ]
  [ -n "$stderr" ]
  [ ! -e app.log.1 ]
  [ -d app.log.lock ]
  run --separate-stderr bash "$SCRIPT" -k 0 app.log
  [ "$status" -eq 64 ]
  run --separate-stderr bash "$SCRIPT"
  [ "$status" -eq 64 ]
}

@test "a log that cannot be moved up is named, with its number" {
  mkdir -p app.log.2/app.log.1 app.log.3
  touch app.log.1 app.log.3/app.log.2
  run --separate-stderr bash "$SCRIPT" app.log
  [ "$status" -eq 1 ]
  [[ $stderr == *'failed at: app.log.'* ]]
  [ "$(cat app.log)" = new ]
  [ ! -e app.log.lock ]
}

@test "a signal is status 130 and takes the lock away" {
  mkdir bin
  printf '#!/bin/sh\nkill -TERM $PPID\nsleep 0.1\n' > bin/cp
  chmod +x bin/cp
  PATH=$PWD/bin:$PATH run --separate-stderr bash "$SCRIPT" app.log
  [ "$status" -eq 130 ]
  [ -z "$output" ]
  [ "$(cat app.log)" = new ]
  [ ! -e app.log.lock ]
}
