package catalog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDefault(t *testing.T) {
	c, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Get("MILL-HAND")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Price.String(); got != "89.00 EUR" {
		t.Errorf("price is %s", got)
	}
	if _, err := c.Get("NOPE"); !errors.Is(err, ErrNotFound) {
		t.Errorf("error is %v, want ErrNotFound", err)
	}
}

func TestSearch(t *testing.T) {
	c, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{"": c.Len(), "cup": 2, "espresso beans": 2, "STEEL": 2, "tea": 0} {
		if got := len(c.Search(query)); got != want {
			t.Errorf("Search(%q) found %d products, want %d", query, got, want)
		}
	}
}

// Every file in testdata is a catalog that must be refused; its name says why.
func TestReadRefuses(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata: %v, %v", files, err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".json"), func(t *testing.T) {
			file, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if _, err := Read(file); err == nil {
				t.Error("accepted")
			}
		})
	}
}
