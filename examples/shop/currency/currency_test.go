package currency

import "testing"

func TestLookup(t *testing.T) {
	for name, digits := range map[string]int{"EUR": 2, "JPY": 0, "KWD": 3} {
		code, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if code.Digits() != digits {
			t.Errorf("%s has %d decimals, want %d", code, code.Digits(), digits)
		}
		if code.Name() == "" {
			t.Errorf("%s has no name", code)
		}
	}
	if _, err := Lookup("eur"); err == nil {
		t.Error("a lower-case code was accepted")
	}
}
