module example.com/shop

go 1.24

toolchain go1.25.3
