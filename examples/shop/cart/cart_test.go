package cart_test

import (
	"errors"
	"fmt"
	"log"
	"testing"

	"example.com/shop/cart"
	"example.com/shop/catalog"
	"example.com/shop/currency"
	"example.com/shop/money"
)

func product(sku string, cents int64) catalog.Product {
	return catalog.Product{SKU: sku, Name: sku, Price: money.New(cents, currency.EUR)}
}

func TestAddMergesLines(t *testing.T) {
	var c cart.Cart
	for _, step := range []struct {
		sku string
		n   int
	}{{"A", 2}, {"B", 1}, {"A", 3}, {"B", -1}, {"C", 0}} {
		if err := c.Add(product(step.sku, 100), step.n); err != nil {
			t.Fatal(err)
		}
	}
	lines := c.Lines()
	if len(lines) != 1 || lines[0].Quantity != 5 || lines[0].Product.SKU != "A" {
		t.Errorf("lines are %+v", lines)
	}
}

func TestAddKeepsBounds(t *testing.T) {
	var c cart.Cart
	for _, n := range []int{-1, cart.MaxQuantity + 1} {
		if err := c.Add(product("A", 1), n); !errors.Is(err, cart.ErrQuantity) {
			t.Errorf("Add(%d): %v, want ErrQuantity", n, err)
		}
	}
	if !c.Empty() {
		t.Error("a refused line was added")
	}
}

func ExampleCart_Add() {
	var c cart.Cart
	if err := c.Add(product("CUP", 600), 4); err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Lines()[0].Total())
	// Output: 24.00 EUR
}
