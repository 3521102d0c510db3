module example.com/structcopy

go 1.24
