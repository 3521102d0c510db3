bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  printf 'name=Ada\ncity=New York\nsum=1+1=2\nempty=\n' > values
}

@test "placeholders are replaced, several in a line" {
  run --separate-stderr bash "$SCRIPT" values <<<$'{{name}} of {{city}}\n\n  {{name}}{{name}}!'
  [ "$status" -eq 0 ]
  [ "$output" = $'Ada of New York\n\n  AdaAda!' ]
}

@test "a default is taken only where there is no value, an empty value is one" {
  run --separate-stderr bash "$SCRIPT" values <<<'[{{name|x}}] [{{none|a b}}] [{{empty|x}}] [{{none|}}]'
  [ "$status" -eq 0 ]
  [ "$output" = '[Ada] [a b] [] []' ]
}

@test "what has no value stays, is told once by name, and the status is 1" {
  run --separate-stderr bash "$SCRIPT" values <<<$'{{zeta}} {{name}} {{alpha}}\n{{zeta}}'
  [ "$status" -eq 1 ]
  [ "$output" = $'{{zeta}} Ada {{alpha}}\n{{zeta}}' ]
  [ "$stderr" = 'alpha,zeta' ]
}

@test "a value may hold equal signs, and is not filled again" {
  echo 'self={{name}}\n' >> values
  run --separate-stderr bash "$SCRIPT" values <<<'{{sum}} {{self}}'
  [ "$output" = '1+1=2 {{name}}\n' ]
  [ "$status" -eq 0 ]
}

@test "the last of two values wins, spaces around a key go, comments are none" {
  printf ' k =one\n#k=two\nk= three \nnot a key=x' > v
  run --separate-stderr bash "$SCRIPT" v <<<'<{{k}}>'
  [ "$output" = '< three >' ]
}

@test "what only looks like a placeholder is left" {
  run --separate-stderr bash "$SCRIPT" values <<<'{name} {{ name }} {{}} {{na-me}} {{name}} \n'
  [ "$status" -eq 0 ]
  [ "$output" = '{name} {{ name }} {{}} {{na-me}} Ada \n' ]
}

@test "values that cannot be read are status 2, and nothing is written" {
  run --separate-stderr bash "$SCRIPT" nowhere <<<'x'
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  [ -n "$stderr" ]
}
