// Package catalog holds the products the shop sells.
package catalog

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"example.com/shop/money"
)

//go:embed products.json
var products string

// ErrNotFound says that no product has the wanted SKU.
var ErrNotFound = errors.New("catalog: no such product")

// Product is one thing that can be bought.
type Product struct {
	SKU   string       `json:"sku"`
	Name  string       `json:"name"`
	Price money.Amount `json:"price"`
	Tags  []string     `json:"tags,omitempty"`
}

// Catalog is a set of products; it never changes after it was read.
type Catalog struct {
	bySKU map[string]Product
	order []string
}

// Default returns the catalog compiled into the program.
func Default() (*Catalog, error) {
	return Read(strings.NewReader(products))
}

// Read reads a JSON array of products.
func Read(r io.Reader) (*Catalog, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	var list []Product
	if err := decoder.Decode(&list); err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	c := &Catalog{bySKU: make(map[string]Product, len(list))}
	for _, p := range list {
		if p.SKU == "" || p.Name == "" {
			return nil, fmt.Errorf("catalog: product %+v has no SKU or no name", p)
		}
		if _, twice := c.bySKU[p.SKU]; twice {
			return nil, fmt.Errorf("catalog: SKU %s appears twice", p.SKU)
		}
		c.bySKU[p.SKU] = p
		c.order = append(c.order, p.SKU)
	}
	slices.Sort(c.order)
	return c, nil
}

// Get returns the product with the given SKU.
func (c *Catalog) Get(sku string) (Product, error) {
	p, ok := c.bySKU[sku]
	if !ok {
		return Product{}, fmt.Errorf("%w: %s", ErrNotFound, sku)
	}
	return p, nil
}

// Search returns the products whose name or tags contain every word of query, by SKU.
func (c *Catalog) Search(query string) []Product {
	words := strings.Fields(strings.ToLower(query))
	var found []Product
	for _, sku := range c.order {
		p := c.bySKU[sku]
		text := strings.ToLower(p.Name + " " + strings.Join(p.Tags, " "))
		matches := func(word string) bool { return strings.Contains(text, word) }
		if !slices.ContainsFunc(words, func(word string) bool { return !matches(word) }) {
			found = append(found, p)
		}
	}
	return found
}

// Len returns the number of products.
func (c *Catalog) Len() int {
	return len(c.order)
}
