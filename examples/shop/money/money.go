// Package money does exact arithmetic on amounts of one currency.
package money

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"example.com/shop/currency"
)

// ErrCurrencyMismatch says that two amounts of different currencies met.
var ErrCurrencyMismatch = errors.New("money: currencies differ")

// Amount is a number of minor units (cents, yen, ...) of a currency.
type Amount struct {
	Minor    int64
	Currency currency.Code
}

// New returns minor units of code.
func New(minor int64, code currency.Code) Amount {
	return Amount{Minor: minor, Currency: code}
}

// Parse reads an amount such as "12.50 EUR".
func Parse(text string) (Amount, error) {
	number, name, found := strings.Cut(strings.TrimSpace(text), " ")
	if !found {
		return Amount{}, fmt.Errorf("money: %q has no currency", text)
	}
	code, err := currency.Lookup(name)
	if err != nil {
		return Amount{}, fmt.Errorf("money: %q: %w", text, err)
	}
	negative := strings.HasPrefix(number, "-")
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(number, "-"), ".")
	digits := code.Digits()
	if len(fraction) > digits {
		return Amount{}, fmt.Errorf("money: %q: %s has %d decimals", text, code, digits)
	}
	fraction += strings.Repeat("0", digits-len(fraction))
	minor, err := strconv.ParseUint(whole+fraction, 10, 62)
	if err != nil {
		return Amount{}, fmt.Errorf("money: %q: %w", text, err)
	}
	if negative {
		return New(-int64(minor), code), nil
	}
	return New(int64(minor), code), nil
}

// Add returns a + b.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("%w: %s and %s", ErrCurrencyMismatch, a.Currency, b.Currency)
	}
	return New(a.Minor+b.Minor, a.Currency), nil
}

// Times returns n times a.
func (a Amount) Times(n int) Amount {
	return New(a.Minor*int64(n), a.Currency)
}

// Percent returns the given part of a in hundredths, rounded half away from zero.
func (a Amount) Percent(percent int) Amount {
	product := a.Minor * int64(percent)
	half := int64(50)
	if product < 0 {
		half = -50
	}
	return New((product+half)/100, a.Currency)
}

// Neg returns -a.
func (a Amount) Neg() Amount {
	return New(-a.Minor, a.Currency)
}

// IsZero reports whether a is nothing at all.
func (a Amount) IsZero() bool {
	return a.Minor == 0
}

// String writes a the way Parse reads it.
func (a Amount) String() string {
	digits := a.Currency.Digits()
	sign, minor := "", a.Minor
	if minor < 0 {
		sign, minor = "-", -minor
	}
	if digits == 0 {
		return fmt.Sprintf("%s%d %s", sign, minor, a.Currency)
	}
	text := fmt.Sprintf("%0*d", digits+1, minor)
	cut := len(text) - digits
	return fmt.Sprintf("%s%s.%s %s", sign, text[:cut], text[cut:], a.Currency)
}

// MarshalText makes an Amount a string in JSON.
func (a Amount) MarshalText() ([]byte, error) {
	return []byte(a.String()), nil
}

// UnmarshalText is the inverse of MarshalText.
func (a *Amount) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}
