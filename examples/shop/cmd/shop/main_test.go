package main

import (
	"errors"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Setenv("SHOP_REGION", "DE")
	for _, test := range []struct {
		args, in, want string
	}{
		{"list kettle", "", "KETTLE-1        54.99 EUR  Gooseneck kettle, 1 l\n"},
		{"price", "CUP-SMALL 10\nFILTER-100 1\n", `"total": "68.07 EUR"`},
		{"about", "", "7 products"},
	} {
		var out strings.Builder
		if err := run(strings.Fields(test.args), strings.NewReader(test.in), &out); err != nil {
			t.Errorf("shop %s: %v", test.args, err)
		} else if !strings.Contains(out.String(), test.want) {
			t.Errorf("shop %s wrote\n%s\nwithout\n%s", test.args, out.String(), test.want)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	t.Setenv("SHOP_REGION", "DE")
	for _, args := range []string{"", "sell"} {
		if err := run(strings.Fields(args), strings.NewReader(""), &strings.Builder{}); !errors.Is(err, errUsage) {
			t.Errorf("shop %s: %v, want usage", args, err)
		}
	}
	for _, in := range []string{"", "CUP-SMALL\n", "NOPE 1\n"} {
		if err := run([]string{"price"}, strings.NewReader(in), &strings.Builder{}); err == nil {
			t.Errorf("a cart of %q was priced", in)
		}
	}
}
