package main

import (
	"os"
	"strings"
	"testing"
)

func TestGeneratedTableIsCurrent(t *testing.T) {
	in, err := os.Open("../../currency/currencies.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	want, err := generate(in, "currency")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../currency/table.go")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("currency/table.go is stale: run go generate ./...")
	}
}

func TestGenerateRefusesBadRows(t *testing.T) {
	for _, rows := range []string{"EUR,2", "EUR,many,Euro", "EUR,-1,Euro"} {
		if _, err := generate(strings.NewReader(rows), "p"); err == nil {
			t.Errorf("%q was accepted", rows)
		}
	}
}
