bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "settings are shown by name, the last of two counts, those of the environment do not" {
  export APP_OLD=1
  run --separate-stderr bash "$SCRIPT" <<<$'PORT=1\nNAME=web server\nPORT=80'
  [ "$status" -eq 0 ]
  [ "$output" = $'NAME         = web server\nPORT         = 80' ]
}

@test "export and one pair of quotes go, equal signs stay" {
  run --separate-stderr bash "$SCRIPT" <<<$'export A="x \\\\y"\nB=""z""\nC="\nD=k=v\nE="a'
  [ "$status" -eq 0 ]
  [ "$output" = $'A            = x \\\\y\nB            = "z"\nC            = "\nD            = k=v\nE            = "a' ]
}

@test "an at sign takes the value that another has so far" {
  run --separate-stderr bash "$SCRIPT" <<<$'A=1\nB=@A\nA=2\nC=@LATER\nLATER=3\nD=@B'
  [ "$output" = $'A            = 2\nB            = 1\nC            = (empty)\nD            = 1\nLATER        = 3' ]
}

@test "of keys and secrets two characters are shown, folders end in one slash" {
  run --separate-stderr bash "$SCRIPT" <<<$'A_KEY=12345\nB_SECRET=1\nC_KEY=\nKEY=open\nX_DIR=/a\nY_DIR=/b/\nZ_DIR='
  [ "$output" = 'A_KEY        = 12...
B_SECRET     = 1...
C_KEY        = (empty)
KEY          = op...
X_DIR        = /a/
Y_DIR        = /b/
Z_DIR        = /' ]
}

@test "what lacks or is empty is told, and its number is the status" {
  run --separate-stderr bash "$SCRIPT" -r A -r B -r C -r D <<<$'A=1\nB=\nD=x'
  [ "$status" -eq 2 ]
  [ "$output" = $'A            = 1\nB            = (empty)\nD            = x' ]
  [ "$stderr" = 'lacking: B C' ]
}

@test "lines that set nothing are passed over, values are not run" {
  run --separate-stderr bash "$SCRIPT" <<<$'# A=1\nlow=1\n1A=1\nA B=1\n\nOK_1=$(touch ran) `touch ran` *'
  [ "$status" -eq 0 ]
  [ "$output" = 'OK_1         = $(touch ran) `touch ran` *' ]
  [ ! -e ran ]
}

@test "an unknown option is status 64, nothing required is status 0" {
  run --separate-stderr bash "$SCRIPT" -q <<<'A=1'
  [ "$status" -eq 64 ]
  [ -z "$output" ]
  run --separate-stderr bash "$SCRIPT" -r LONG_ENOUGH_NAME <<<'LONG_ENOUGH_NAME=y'
  [ "$status" -eq 0 ]
  [ "$output" = 'LONG_ENOUGH_NAME = y' ]
}
