module example.com/closeflag

go 1.24
