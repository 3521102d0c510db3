module example.com/earlysignal

go 1.24
