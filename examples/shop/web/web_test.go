package web

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/shop/catalog"
	"example.com/shop/currency"
	"example.com/shop/money"
	"example.com/shop/pricing"
	"example.com/shop/store"
)

func newServer(t *testing.T) *httptest.Server {
	t.Helper()
	products, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	shop := &Shop{
		Catalog: products,
		Rules: pricing.Rules{
			TaxPercent:       map[string]int{"DE": 19},
			FreeShippingFrom: money.New(5000, currency.EUR),
			Shipping:         money.New(490, currency.EUR),
		},
		Orders: store.InMemory(),
		Region: "DE",
		Log:    slog.New(slog.DiscardHandler),
	}
	handler, err := shop.Handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestPages(t *testing.T) {
	server := newServer(t)
	for path, want := range map[string]string{
		"/":                      "Gooseneck kettle",
		"/?q=tea":                "Nothing found.",
		"/?q=%3Cscript%3E":       "&lt;script&gt;",
		"/static/shop.css":       "font:",
		"/api/products?q=cup":    "CUP-LARGE",
		"/api/products/KETTLE-1": `"price":"54.99 EUR"`,
	} {
		status, body := get(t, server.URL+path)
		if status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("GET %s: %d without %q:\n%s", path, status, want, body)
		}
	}
	for path, want := range map[string]int{
		"/nowhere":           http.StatusNotFound,
		"/api/products/NOPE": http.StatusNotFound,
		"/api/orders/1":      http.StatusNotFound,
		"/api/orders/x":      http.StatusBadRequest,
	} {
		if status, body := get(t, server.URL+path); status != want {
			t.Errorf("GET %s: %d, want %d:\n%s", path, status, want, body)
		}
	}
}

func TestOrder(t *testing.T) {
	server := newServer(t)
	for body, want := range map[string]int{
		`{"CUP-SMALL": 2}`:           http.StatusCreated,
		`{}`:                         http.StatusBadRequest,
		`{"CUP-SMALL": 100000}`:      http.StatusBadRequest,
		`{"TEAPOT": 1}`:              http.StatusNotFound,
		`[`:                          http.StatusBadRequest,
		`{"CUP-SMALL": 1, "NOPE":1}`: http.StatusNotFound,
	} {
		response, err := http.Post(server.URL+"/api/orders", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("POST %.40q: %d, want %d", body, response.StatusCode, want)
		}
	}
	status, body := get(t, server.URL+"/api/orders/1")
	var order store.Order
	if err := json.Unmarshal([]byte(body), &order); err != nil {
		t.Fatalf("%d: %v in %s", status, err, body)
	}
	if got := order.Invoice.Total.String(); got != "20.11 EUR" {
		t.Errorf("total is %s", got)
	}
}
