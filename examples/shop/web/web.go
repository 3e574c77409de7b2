// Package web shows the shop over HTTP.
package web

import (
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"strconv"

	"example.com/shop/cart"
	"example.com/shop/catalog"
	"example.com/shop/pricing"
	"example.com/shop/store"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// maxBody bounds what a client may send.
const maxBody = 64 << 10

// Shop answers HTTP requests.
type Shop struct {
	Catalog *catalog.Catalog
	Rules   pricing.Rules
	Orders  *store.Store
	Region  string
	Log     *slog.Logger

	pages *template.Template
}

// Handler returns the shop's routes.
func (s *Shop) Handler() (http.Handler, error) {
	pages, err := template.ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	s.pages = pages
	static, err := fs.Sub(staticFiles, "static")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(static)))
	mux.HandleFunc("GET /api/products", s.listProducts)
	mux.HandleFunc("GET /api/products/{sku}", s.getProduct)
	mux.HandleFunc("POST /api/orders", s.placeOrder)
	mux.HandleFunc("GET /api/orders/{number}", s.getOrder)
	return http.MaxBytesHandler(mux, maxBody), nil
}

func (s *Shop) home(w http.ResponseWriter, r *http.Request) {
	query := r.FormValue("q")
	page := struct {
		Query    string
		Products []catalog.Product
	}{query, s.Catalog.Search(query)}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := s.pages.ExecuteTemplate(w, "home.html", page); err != nil {
		s.Log.Error("home page", "error", err)
	}
}

func (s *Shop) listProducts(w http.ResponseWriter, r *http.Request) {
	s.reply(w, http.StatusOK, s.Catalog.Search(r.FormValue("q")))
}

func (s *Shop) getProduct(w http.ResponseWriter, r *http.Request) {
	p, err := s.Catalog.Get(r.PathValue("sku"))
	if err != nil {
		s.fail(w, err)
		return
	}
	s.reply(w, http.StatusOK, p)
}

func (s *Shop) placeOrder(w http.ResponseWriter, r *http.Request) {
	var wanted map[string]int
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		s.fail(w, badRequest{err})
		return
	}
	var c cart.Cart
	for _, p := range s.Catalog.Search("") {
		n, asked := wanted[p.SKU]
		if !asked {
			continue
		}
		delete(wanted, p.SKU)
		if err := c.Add(p, n); err != nil {
			s.fail(w, badRequest{err})
			return
		}
	}
	for sku := range wanted {
		_, err := s.Catalog.Get(sku)
		s.fail(w, err)
		return
	}
	invoice, err := s.Rules.Price(&c, s.Region)
	if err != nil {
		s.fail(w, badRequest{err})
		return
	}
	order, err := s.Orders.Place(invoice)
	if err != nil {
		s.fail(w, err)
		return
	}
	w.Header().Set("Location", "/api/orders/"+strconv.Itoa(order.Number))
	s.reply(w, http.StatusCreated, order)
}

func (s *Shop) getOrder(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		s.fail(w, badRequest{err})
		return
	}
	order, err := s.Orders.Get(number)
	if err != nil {
		s.fail(w, err)
		return
	}
	s.reply(w, http.StatusOK, order)
}

// badRequest marks an error as the client's.
type badRequest struct{ error }

func (b badRequest) Unwrap() error { return b.error }

func (s *Shop) fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var bad badRequest
	switch {
	case errors.As(err, &bad):
		status = http.StatusBadRequest
	case errors.Is(err, catalog.ErrNotFound), errors.Is(err, store.ErrNotFound):
		status = http.StatusNotFound
	default:
		s.Log.Error("request failed", "error", err)
	}
	s.reply(w, status, map[string]string{"error": err.Error()})
}

func (s *Shop) reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(value); err != nil {
		s.Log.Error("reply", "error", err)
	}
}
