package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.com/shop/currency"
	"example.com/shop/money"
	"example.com/shop/pricing"
)

func invoice(cents int64) pricing.Invoice {
	total := money.New(cents, currency.EUR)
	return pricing.Invoice{Items: []pricing.Item{{Text: "thing", Amount: total}}, Tax: money.New(0, currency.EUR), Total: total}
}

func TestOrdersSurvive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.jsonl")
	for round := range 3 {
		s, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if s.Len() != round {
			t.Fatalf("round %d starts with %d orders", round, s.Len())
		}
		if _, err := s.Place(invoice(int64(round) * 100)); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamageIsSeen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.jsonl")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Place(invoice(500)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.ReplaceAll(string(text), "5.00 EUR", "6.00 EUR")
	if changed == string(text) {
		t.Fatalf("there is no amount in %s", text)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil {
		t.Error("a changed order was loaded")
	}
}

func TestPlaceFromManyGoroutines(t *testing.T) {
	s := InMemory()
	var group sync.WaitGroup
	for i := range 50 {
		group.Add(1)
		go func() {
			defer group.Done()
			order, err := s.Place(invoice(int64(i)))
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := s.Get(order.Number); err != nil || got.Fingerprint != order.Fingerprint {
				t.Errorf("order %d: %+v, %v", order.Number, got, err)
			}
		}()
	}
	group.Wait()
	if _, err := s.Get(51); !errors.Is(err, ErrNotFound) {
		t.Errorf("error is %v, want ErrNotFound", err)
	}
}
