bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "amounts of the same row and column are added up" {
  run --separate-stderr bash "$SCRIPT" <<<$'jan,rent,700\njan,food,120\nfeb,food,80\njan,food,5'
  [ "$status" -eq 0 ]
  [ "$output" = '            food    rent
jan          125     700
feb           80       -
total        205     700' ]
}

@test "rows stay in the order in which they came, columns are sorted" {
  run --separate-stderr bash "$SCRIPT" k <<<$'z,c,1\na,b,2\nz,a,3'
  [ "$output" = 'k              a       b       c
z              3       -       1
a              -       2       -
total          3       2       1' ]
}

@test "a sum of nothing but zeros is no gap, amounts may be negative" {
  run --separate-stderr bash "$SCRIPT" <<<$'a,x,0\nb,y,-5\nb,y,5\nb,x,-7'
  [ "$output" = '               x       y
a              0       -
b             -7       0
total         -7       0' ]
}

@test "a name of a row is cut to eight characters, yet counts whole" {
  run --separate-stderr bash "$SCRIPT" <<<$'september1,x,1\nseptember2,x,2'
  [ "$output" = '               x
septembe       1
septembe       2
total          3' ]
}

@test "lines of another form are counted apart, with status 2" {
  run --separate-stderr bash "$SCRIPT" <<<$'a,x,1\nb,x\nc,x,1.5\nd,x,1,2\n'
  [ "$status" -eq 2 ]
  [ "$output" = '               x
a              1
total          1' ]
  [ "$stderr" = 'ignored: 4' ]
}

@test "names may hold spaces, the last line counts only with its end" {
  run --separate-stderr bash "$SCRIPT" 'my key' < <(printf 'a b,c d,1\n*,c d,2\nx,c d,4')
  [ "$status" -eq 0 ]
  [ "$output" = 'my key       c d
a b            1
*              2
total          3' ]
}

@test "without a row nothing is shown, with status 1" {
  run --separate-stderr bash "$SCRIPT" title </dev/null
  [ "$status" -eq 1 ]
  [ -z "$output$stderr" ]
  run --separate-stderr bash "$SCRIPT" title <<<'r,c,1'
  [ "${lines[0]}" = 'title          c' ]
}
