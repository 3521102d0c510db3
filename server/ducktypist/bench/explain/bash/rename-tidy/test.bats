bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir d
}

@test "capitals become small, other characters one hyphen" {
  echo 1 > "d/My  (best) Photo!.PNG"
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -eq 0 ]
  [ "$output" = "My  (best) Photo!.PNG -> my-best-photo.png" ]
  [ "$(ls d)" = my-best-photo.png ]
  [ "$(cat d/my-best-photo.png)" = 1 ]
}

@test "a name that is taken gets the next number before its extension" {
  echo a > "d/A B.txt"
  echo b > d/a-b.txt
  echo c > "d/a b.txt"
  run --separate-stderr bash "$SCRIPT" d
  [ "$output" = $'A B.txt -> a-b-2.txt\na b.txt -> a-b-3.txt' ]
  [ "$(cat d/a-b.txt d/a-b-2.txt d/a-b-3.txt)" = $'b\na\nc' ]
}

@test "jpeg becomes jpg, only the last extension counts" {
  touch d/x.y.JPEG d/jpeg "d/T x.tar.Gz"
  run --separate-stderr bash "$SCRIPT" d
  [ "$output" = $'T x.tar.Gz -> t-x.tar.gz\nx.y.JPEG -> x.y.jpg' ]
  [ "$(ls d)" = $'jpeg\nt-x.tar.gz\nx.y.jpg' ]
}

@test "-n tells the names and leaves the files" {
  touch "d/A b" "d/C d.E"
  run --separate-stderr bash "$SCRIPT" -n d
  [ "$status" -eq 0 ]
  [ "$output" = $'A b -> a-b\nC d.E -> c-d.e' ]
  [ "$(ls d)" = $'A b\nC d.E' ]
}

@test "a name of which nothing is left is unnamed" {
  touch 'd/!!!.txt' 'd/??'
  run --separate-stderr bash "$SCRIPT" d
  [ "$output" = $'!!!.txt -> unnamed.txt\n?? -> unnamed' ]
}

@test "folders and hidden files keep their names" {
  mkdir "d/A Folder"
  touch "d/.Hidden File" "d/A File" "d/A Folder/In It"
  run --separate-stderr bash "$SCRIPT" d
  [ "$output" = "A File -> a-file" ]
  [ -f "d/A Folder/In It" ]
  [ -f "d/.Hidden File" ]
}

@test "tidy names are passed over, hyphens at both ends go" {
  touch d/fine_name-1.txt "d/- x -.MD" "d/---"
  run --separate-stderr bash "$SCRIPT" d
  [ "$status" -eq 0 ]
  [ "$output" = $'- x -.MD -> x.md\n--- -> unnamed' ]
  [ -f d/fine_name-1.txt ]
}
