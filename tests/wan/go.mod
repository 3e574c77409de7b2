module sluice.test/wan

go 1.24
