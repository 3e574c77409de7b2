module example.com/shop

go 1.24

tool example.com/shop/cmd/gencurrency
