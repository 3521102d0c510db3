module example.com/poolresults

go 1.24
