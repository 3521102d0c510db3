bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "values of passwords, secrets and tokens are masked, in any case" {
  run --separate-stderr bash "$SCRIPT" \
    <<<$'password=a1, user=b\nDB_PASSWORD_OLD : x;y\nsecret = "two words" end\ntokens:t1 Token=t2'
  [ "$status" -eq 0 ]
  [ "$output" = $'password=***, user=b\nDB_PASSWORD_OLD : ***;y\nsecret = *** end\ntokens:*** Token=***' ]
}

@test "passwords in addresses are masked, users and ports are not" {
  run --separate-stderr bash "$SCRIPT" <<<$'http://u:p@h:80/a@b ftp://x:y@z\nhttp://h:80/x'
  [ "$status" -eq 0 ]
  [ "$output" = $'http://u:***@h:80/a@b ftp://x:***@z\nhttp://h:80/x' ]
}

@test "of a card's sixteen digits the last four stay" {
  run --separate-stderr bash "$SCRIPT" <<<$'1234567890120056,1111222233334444 12345678901234567 123456789012345'
  [ "$status" -eq 0 ]
  [ "$output" = '************0056,************4444 12345678901234567 123456789012345' ]
}

@test "a private key becomes one line" {
  run --separate-stderr bash "$SCRIPT" <<'KEY'
before
-----BEGIN EC PRIVATE KEY-----
password=x
-----END EC PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
abc
-----END CERTIFICATE-----
KEY
  [ "$status" -eq 0 ]
  [ "$output" = $'before\n[private key]\n-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----' ]
}

@test "a header keeps its scheme alone, blank lines become one" {
  run --separate-stderr bash "$SCRIPT" <<<$'a\n\n\n\nAuthorization: Bearer abc def\n\nauthorization: none'
  [ "$status" -eq 0 ]
  [ "$output" = $'a\n\nAuthorization: Bearer ***\n\nauthorization: none' ]
}

@test "files are read one after another, and must all be there" {
  echo 'token=1' > "a b"
  echo plain > c
  run --separate-stderr bash "$SCRIPT" "a b" c
  [ "$status" -eq 0 ]
  [ "$output" = $'token=***\nplain' ]
  run --separate-stderr bash "$SCRIPT" "a b" nowhere
  [ "$status" -eq 66 ]
  [ -z "$output" ]
  [[ $stderr == *nowhere* ]]
}

@test "a text without a secret comes out as it was, with status 1" {
  run --separate-stderr bash "$SCRIPT" <<<'the password is long, and a token too'
  [ "$status" -eq 1 ]
  [ "$output" = 'the password is long, and a token too' ]
}
