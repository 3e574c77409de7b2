// Package cart collects what a customer wants to buy.
package cart

import (
	"errors"
	"fmt"
	"slices"

	"example.com/shop/catalog"
	"example.com/shop/money"
)

// MaxQuantity bounds one line of a cart.
const MaxQuantity = 999

// ErrQuantity says that a quantity is out of range.
var ErrQuantity = errors.New("cart: quantity out of range")

// Line is a product and how many of it.
type Line struct {
	Product  catalog.Product `json:"product"`
	Quantity int             `json:"quantity"`
}

// Total returns the line's price without discounts.
func (l Line) Total() money.Amount {
	return l.Product.Price.Times(l.Quantity)
}

// Cart is a list of lines in the order they were first added. The zero value is an empty cart.
type Cart struct {
	lines []Line
}

// Add puts n more of p into the cart; n may be negative, and a line that falls to zero goes away.
func (c *Cart) Add(p catalog.Product, n int) error {
	at := slices.IndexFunc(c.lines, func(l Line) bool { return l.Product.SKU == p.SKU })
	have := 0
	if at >= 0 {
		have = c.lines[at].Quantity
	}
	switch want := have + n; {
	case want < 0 || want > MaxQuantity:
		return fmt.Errorf("%w: %d of %s", ErrQuantity, want, p.SKU)
	case want == 0 && at >= 0:
		c.lines = slices.Delete(c.lines, at, at+1)
	case want == 0:
	case at >= 0:
		c.lines[at].Quantity = want
	default:
		c.lines = append(c.lines, Line{Product: p, Quantity: want})
	}
	return nil
}

// Lines returns a copy of the cart's lines.
func (c *Cart) Lines() []Line {
	return slices.Clone(c.lines)
}

// Empty reports whether there is nothing in the cart.
func (c *Cart) Empty() bool {
	return len(c.lines) == 0
}
