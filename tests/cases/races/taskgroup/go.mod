module example.com/taskgroup

go 1.24
