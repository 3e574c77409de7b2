package money_test

import (
	"fmt"

	"example.com/shop/currency"
	"example.com/shop/money"
)

func ExampleAmount_Percent() {
	price := money.New(1999, currency.EUR)
	fmt.Println(price.Percent(19))
	// Output: 3.80 EUR
}
