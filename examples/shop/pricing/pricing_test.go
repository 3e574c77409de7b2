package pricing

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/shop/cart"
	"example.com/shop/catalog"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

func testRules(t *testing.T) Rules {
	t.Helper()
	file, err := os.Open("testdata/rules.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rules, err := ReadRules(file)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func testCart(t *testing.T, want map[string]int) *cart.Cart {
	t.Helper()
	products, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	var c cart.Cart
	for _, p := range products.Search("") {
		if err := c.Add(p, want[p.SKU]); err != nil {
			t.Fatal(err)
		}
	}
	return &c
}

func TestGoldenInvoices(t *testing.T) {
	rules := testRules(t)
	for name, test := range map[string]struct {
		region string
		want   map[string]int
	}{
		"small_de":  {"DE", map[string]int{"FILTER-100": 2}},
		"volume_de": {"DE", map[string]int{"CUP-SMALL": 12, "CUP-LARGE": 6}},
		"big_fr":    {"FR", map[string]int{"MILL-HAND": 1, "BEAN-1000": 3, "KETTLE-1": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			invoice, err := rules.Price(testCart(t, test.want), test.region)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(invoice, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			golden := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("invoice is\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestPriceRefuses(t *testing.T) {
	rules := testRules(t)
	if _, err := rules.Price(&cart.Cart{}, "DE"); !errors.Is(err, ErrEmpty) {
		t.Errorf("an empty cart: %v, want ErrEmpty", err)
	}
	if _, err := rules.Price(testCart(t, map[string]int{"CUP-SMALL": 1}), "ATLANTIS"); err == nil {
		t.Error("a region without tax was priced")
	}
}

func TestReadRulesRefuses(t *testing.T) {
	for _, text := range []string{"", "{", `{"volume": {"0": 5}}`, `{"volume": {"5": 101}}`} {
		if _, err := ReadRules(strings.NewReader(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func BenchmarkPrice(b *testing.B) {
	rules := Rules{Volume: map[int]int{5: 5, 10: 10}, TaxPercent: map[string]int{"DE": 19}}
	products, err := catalog.Default()
	if err != nil {
		b.Fatal(err)
	}
	var c cart.Cart
	for _, p := range products.Search("") {
		if err := c.Add(p, 7); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := rules.Price(&c, "DE"); err != nil {
			b.Fatal(err)
		}
	}
}
