module example.com/addinside

go 1.24
