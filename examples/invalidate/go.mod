module example.com/invalidate

go 1.23
