package money

import (
	"errors"
	"math/rand/v2"
	"testing"

	"example.com/shop/currency"
)

func TestParseAndString(t *testing.T) {
	for text, minor := range map[string]int64{
		"12.50 EUR":  1250,
		"-0.05 EUR":  -5,
		"7 EUR":      700,
		"1200 JPY":   1200,
		"0.125 KWD":  125,
		"-3.001 KWD": -3001,
	} {
		amount, err := Parse(text)
		if err != nil {
			t.Errorf("Parse(%q): %v", text, err)
			continue
		}
		if amount.Minor != minor {
			t.Errorf("Parse(%q).Minor = %d, want %d", text, amount.Minor, minor)
		}
		again, err := Parse(amount.String())
		if err != nil || again != amount {
			t.Errorf("Parse(%q) = %v, %v; want %v", amount.String(), again, err, amount)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"", "12", "12 ABC", "1.234 EUR", "x EUR", "1.5 JPY", "--1 EUR", "99999999999999999999 EUR"} {
		if amount, err := Parse(text); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", text, amount)
		}
	}
}

func TestAddRefusesOtherCurrency(t *testing.T) {
	_, err := New(1, currency.EUR).Add(New(1, currency.JPY))
	if !errors.Is(err, ErrCurrencyMismatch) {
		t.Fatalf("error is %v, want ErrCurrencyMismatch", err)
	}
}

func TestPercentIsSymmetric(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		amount := New(random.Int64N(1_000_000), currency.EUR)
		percent := random.IntN(101)
		if got := amount.Neg().Percent(percent).Neg(); got != amount.Percent(percent) {
			t.Fatalf("%d%% of %v is %v, of its negative %v", percent, amount, amount.Percent(percent), got)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := Parse("1234.56 EUR"); err != nil {
			b.Fatal(err)
		}
	}
}
