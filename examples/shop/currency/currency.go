// Package currency knows the currencies the shop can charge.
package currency

//go:generate go tool gencurrency -in currencies.csv -out table.go

import "fmt"

// Code is an ISO 4217 currency code such as EUR.
type Code string

// Lookup returns the currency called name.
func Lookup(name string) (Code, error) {
	code := Code(name)
	if _, known := table[code]; !known {
		return "", fmt.Errorf("currency: %q is not known", name)
	}
	return code, nil
}

// Digits returns how many decimals the currency has.
func (c Code) Digits() int {
	return table[c].digits
}

// Name returns the currency's English name.
func (c Code) Name() string {
	return table[c].name
}

type entry struct {
	name   string
	digits int
}
