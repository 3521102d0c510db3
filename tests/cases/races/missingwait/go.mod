module example.com/missingwait

go 1.24
