// Package pricing turns a cart into an invoice by rules read from JSON.
package pricing

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"example.com/shop/cart"
	"example.com/shop/money"
)

// ErrEmpty says that an empty cart has no price.
var ErrEmpty = errors.New("pricing: the cart is empty")

// Rules say what is taken off and what is put on top.
type Rules struct {
	// Volume discounts a line by the largest quantity it reaches, in percent.
	Volume map[int]int `json:"volume"`
	// TaxPercent is put on top of everything, per region.
	TaxPercent map[string]int `json:"tax_percent"`
	// FreeShippingFrom spares the shipping fee from this sum on.
	FreeShippingFrom money.Amount `json:"free_shipping_from"`
	// Shipping is the fee below that sum.
	Shipping money.Amount `json:"shipping"`
}

// ReadRules reads rules from JSON and checks them.
func ReadRules(r io.Reader) (Rules, error) {
	var rules Rules
	if err := json.NewDecoder(r).Decode(&rules); err != nil {
		return Rules{}, fmt.Errorf("pricing: %w", err)
	}
	for quantity, percent := range rules.Volume {
		if quantity < 1 || percent < 0 || percent > 100 {
			return Rules{}, fmt.Errorf("pricing: volume discount %d: %d%% makes no sense", quantity, percent)
		}
	}
	return rules, nil
}

// Item is one line of an invoice.
type Item struct {
	Text   string       `json:"text"`
	Amount money.Amount `json:"amount"`
}

// Invoice is a priced cart.
type Invoice struct {
	Items []Item       `json:"items"`
	Tax   money.Amount `json:"tax"`
	Total money.Amount `json:"total"`
}

// Price applies the rules to a cart for a customer in region.
func (r Rules) Price(c *cart.Cart, region string) (Invoice, error) {
	if c.Empty() {
		return Invoice{}, ErrEmpty
	}
	tax, known := r.TaxPercent[region]
	if !known {
		return Invoice{}, fmt.Errorf("pricing: no tax is known for region %q", region)
	}
	b := builder{sum: money.New(0, c.Lines()[0].Product.Price.Currency)}
	for _, line := range c.Lines() {
		b.add(fmt.Sprintf("%d x %s", line.Quantity, line.Product.Name), line.Total())
		if percent := r.volumePercent(line.Quantity); percent > 0 {
			b.add(fmt.Sprintf("%d%% off", percent), line.Total().Percent(percent).Neg())
		}
	}
	if b.err == nil && r.chargesShipping(b.sum) {
		b.add("Shipping", r.Shipping)
	}
	taxed := b.sum.Percent(tax)
	subtotal := b.sum
	b.add("", taxed)
	if b.err != nil {
		return Invoice{}, fmt.Errorf("pricing: after %v: %w", subtotal, b.err)
	}
	return Invoice{Items: b.items, Tax: taxed, Total: b.sum}, nil
}

func (r Rules) chargesShipping(sum money.Amount) bool {
	free := r.FreeShippingFrom
	return free.Currency == sum.Currency && sum.Minor < free.Minor
}

func (r Rules) volumePercent(quantity int) int {
	for _, step := range slices.Backward(slices.Sorted(maps.Keys(r.Volume))) {
		if quantity >= step {
			return r.Volume[step]
		}
	}
	return 0
}

// builder adds items up until the first error.
type builder struct {
	items []Item
	sum   money.Amount
	err   error
}

func (b *builder) add(text string, amount money.Amount) {
	if b.err != nil {
		return
	}
	b.sum, b.err = b.sum.Add(amount)
	if text != "" {
		b.items = append(b.items, Item{Text: text, Amount: amount})
	}
}
