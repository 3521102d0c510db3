bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "requests and bytes are summed up by class, the most frequent first" {
  run --separate-stderr bash "$SCRIPT" <<'LOG'
h - - [t] "GET /a HTTP/1.1" 404 7
h - - [t] "GET /a HTTP/1.1" 200 10
h - - [t] "POST /b HTTP/1.1" 201 32 "-" "agent 500 1"
LOG
  [ "$status" -eq 0 ]
  [ "$output" = $'2xx     2       42\n4xx     1        7' ]
  [ -z "$stderr" ]
}

@test "classes of equal count are sorted by name" {
  run --separate-stderr bash "$SCRIPT" <<<$'h "GET /" 404 1\nh "GET /" 101 0\nh "GET /" 301 2\nh "GET /" 200 3'
  [ "$output" = $'1xx     1        0\n2xx     1        3\n3xx     1        2\n4xx     1        1' ]
}

@test "a hyphen is no bytes" {
  run --separate-stderr bash "$SCRIPT" <<<$'h "GET /" 304 -\nh "GET /" 302 4'
  [ "$output" = '3xx     2        4' ]
}

@test "any status from 500 on is status 1" {
  run --separate-stderr bash "$SCRIPT" <<<$'h "GET /" 200 1\nh "GET /" 503 2'
  [ "$status" -eq 1 ]
  [ "$output" = $'2xx     1        1\n5xx     1        2' ]
}

@test "only paths below the prefix count" {
  run --separate-stderr bash "$SCRIPT" -p /api/ <<<$'h "GET /api/x" 200 1\nh "GET /api" 500 2\nh "GET /x/api/" 500 4'
  [ "$status" -eq 0 ]
  [ "$output" = '2xx     1        1' ]
}

@test "what is no request is rejected and told" {
  run --separate-stderr bash "$SCRIPT" <<<$'junk\nh "get /" 200 1\nh "GET /" 600 1\nh "GET /" 200 1'
  [ "$status" -eq 0 ]
  [ "$output" = '2xx     1        1' ]
  [ "$stderr" = 'rejected: 3' ]
}

@test "an unknown option is status 64, an option's text is not a pattern" {
  run --separate-stderr bash "$SCRIPT" -x <<<'h "GET /" 200 1'
  [ "$status" -eq 64 ]
  [ -z "$output" ]
  run --separate-stderr bash "$SCRIPT" -p '/*' <<<$'h "GET /a" 200 1\nh "GET /*b" 201 3'
  [ "$output" = '2xx     1        3' ]
}
