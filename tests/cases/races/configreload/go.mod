module example.com/configreload

go 1.24
