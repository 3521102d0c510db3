bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "without settings the defaults are written, and their lines counted" {
  run --separate-stderr bash "$SCRIPT" web
  [ "$status" -eq 0 ]
  [ "$output" = "web.conf: 7 lines" ]
  printf '%s\n' '[WEB]' 'listen = localhost:8080' 'admin = 8081' 'owner = nobody' 'cost = $5' \
    'path = $HOME/`whoami`' '  end = \n' | cmp - web.conf
}

@test "settings are taken, debug makes a line of its own" {
  run --separate-stderr bash "$SCRIPT" web PORT=99 HOST=h DEBUG=full OWNER='a = b'
  [ "$status" -eq 0 ]
  [ "$output" = "web.conf: 8 lines" ]
  printf '%s\n' '[WEB]' 'listen = h:99' 'admin = 100' 'owner = a = b' 'debug = full' 'cost = $5' \
    'path = $HOME/`whoami`' '  end = \n' | cmp - web.conf
}

@test "an empty host listens everywhere, an empty port is the default, an empty owner stays" {
  run --separate-stderr bash "$SCRIPT" x HOST= PORT= OWNER= DEBUG=
  [ "$output" = "x.conf: 7 lines" ]
  grep -qxF 'listen = *:8080' x.conf
  grep -qxF 'owner = ' x.conf
  [ "$(grep -c debug x.conf)" = 0 ]
}

@test "the file's name has only letters, digits and underscores" {
  run --separate-stderr bash "$SCRIPT" 'My app/v2'
  [ "$output" = "My_app_v2.conf: 7 lines" ]
  [ "$(head -n 1 My_app_v2.conf)" = '[MY APP/V2]' ]
}

@test "a port out of range is status 3, and nothing is written" {
  run --separate-stderr bash "$SCRIPT" web PORT=65536
  [ "$status" -eq 3 ]
  [ ! -e web.conf ]
  run --separate-stderr bash "$SCRIPT" web PORT=0
  [ "$status" -eq 3 ]
  run --separate-stderr bash "$SCRIPT" web PORT=65535
  [ "$status" -eq 0 ]
  grep -qxF 'admin = 65536' web.conf
}

@test "an unknown setting is status 2 and named, whatever the environment holds" {
  PORT=1 run --separate-stderr bash "$SCRIPT" web COLOR=red=x
  [ "$status" -eq 2 ]
  [[ $stderr == *COLOR* ]]
  [[ $stderr != *red* ]]
  PORT=1 run --separate-stderr bash "$SCRIPT" web
  [ "$output" = "web.conf: 7 lines" ]
  grep -qxF 'listen = localhost:8080' web.conf
}

@test "a second run writes the file anew" {
  echo old > web.conf
  run --separate-stderr bash "$SCRIPT" web
  run --separate-stderr bash "$SCRIPT" web
  [ "$output" = "web.conf: 7 lines" ]
  [ "$(grep -c old web.conf)" = 0 ]
}
