module example.com/mapwrites

go 1.24
