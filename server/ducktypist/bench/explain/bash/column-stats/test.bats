bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "count, extremes and mean of a column are shown" {
  printf 'name,price,n\na,2,9\nb,3.5,9\nc,-1,9\n' > a.csv
  run --separate-stderr bash "$SCRIPT" price a.csv
  [ "$status" -eq 0 ]
  [ "$output" = 'n=3 min=-1 max=3.5 mean=1.50' ]
}

@test "numbers are compared as numbers" {
  run --separate-stderr bash "$SCRIPT" x <<<$'x\n9\n10\n100\n007'
  [ "$output" = 'n=4 min=7 max=100 mean=31.50' ]
  run --separate-stderr bash "$SCRIPT" x <<<$'x\n-5.50\n-9\n-6.5'
  [ "$output" = 'n=3 min=-9 max=-5.5 mean=-7.00' ]
}

@test "the column may stand elsewhere in each file" {
  printf 'v,w\n1,5\n' > "a b.csv"
  printf 'w,v\n7,3\n' > b.csv
  run --separate-stderr bash "$SCRIPT" v "a b.csv" b.csv
  [ "$status" -eq 0 ]
  [ "$output" = 'n=2 min=1 max=3 mean=2.00' ]
}

@test "what is no plain number is skipped and counted, short rows are not" {
  run --separate-stderr bash "$SCRIPT" v <<<$'k,v\na,1e3\nb,\nc\nd,.5\ne,+1\nf,4'
  [ "$status" -eq 0 ]
  [ "$output" = $'n=1 min=4 max=4 mean=4.00\nskipped=4' ]
}

@test "spaces around commas and carriage returns do not matter" {
  run --separate-stderr bash "$SCRIPT" v < <(printf 'k , v\r\na ,  1 \r\nb,2\r\n')
  [ "$status" -eq 0 ]
  [ "$output" = 'n=2 min=1 max=2 mean=1.50' ]
}

@test "a file without the column is status 2, the others still count" {
  printf 'v\n5\n' > a.csv
  printf 'w\n6\n' > b.csv
  run --separate-stderr bash "$SCRIPT" v a.csv b.csv
  [ "$status" -eq 2 ]
  [ "$output" = 'n=1 min=5 max=5 mean=5.00' ]
  [[ $stderr == *b.csv* ]]
}

@test "no number is status 1 and n=0" {
  run --separate-stderr bash "$SCRIPT" v <<<$'v\nx\ny'
  [ "$status" -eq 1 ]
  [ "$output" = $'n=0\nskipped=2' ]
}
