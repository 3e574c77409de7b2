module example.com/modserver

go 1.24
