// Command shop serves a small web shop, or prints its catalog and prices.
package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.com/shop/cart"
	"example.com/shop/catalog"
	"example.com/shop/config"
	"example.com/shop/fingerprint"
	"example.com/shop/pricing"
	"example.com/shop/store"
	"example.com/shop/web"
)

//go:embed rules.json
var rulesText string

const usage = `usage: shop list [QUERY]
       shop price < CART      a cart has one "SKU QUANTITY" a line
       shop serve [-addr HOST:PORT]
       shop about
`

func main() {
	err := run(os.Args[1:], os.Stdin, os.Stdout)
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage")

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	products, err := catalog.Default()
	if err != nil {
		return err
	}
	switch args[0] {
	case "list":
		for _, p := range products.Search(strings.Join(args[1:], " ")) {
			fmt.Fprintf(out, "%-12s %12s  %s\n", p.SKU, p.Price, p.Name)
		}
		return nil
	case "price":
		return price(products, in, out)
	case "serve":
		return serve(products, args[1:])
	case "about":
		fmt.Fprintf(out, "shop: %d products, fingerprints by %s\n", products.Len(), fingerprint.Implementation)
		return nil
	}
	return errUsage
}

func price(products *catalog.Catalog, in io.Reader, out io.Writer) error {
	rules, err := pricing.ReadRules(strings.NewReader(rulesText))
	if err != nil {
		return err
	}
	settings, err := config.FromEnvironment()
	if err != nil {
		return err
	}
	var c cart.Cart
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		sku, count, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.Atoi(count)
		if err != nil {
			return fmt.Errorf("%q is not SKU QUANTITY", lines.Text())
		}
		p, err := products.Get(sku)
		if err != nil {
			return err
		}
		if err := c.Add(p, n); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	invoice, err := rules.Price(&c, settings.Region)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(invoice)
}

func serve(products *catalog.Catalog, args []string) error {
	settings, err := config.FromEnvironment()
	if err != nil {
		return err
	}
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.StringVar(&settings.Address, "addr", settings.Address, "address to listen on")
	if err := flags.Parse(args); err != nil {
		return errUsage
	}
	rules, err := pricing.ReadRules(strings.NewReader(rulesText))
	if err != nil {
		return err
	}
	orders := store.InMemory()
	if settings.OrdersFile != "" {
		if orders, err = store.Open(settings.OrdersFile); err != nil {
			return err
		}
	}
	defer orders.Close()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	shop := &web.Shop{Catalog: products, Rules: rules, Orders: orders, Region: settings.Region, Log: log}
	handler, err := shop.Handler()
	if err != nil {
		return err
	}
	server := &http.Server{Addr: settings.Address, Handler: handler, ReadTimeout: settings.ReadTimeout}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	log.Info("serving", "address", settings.Address)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return server.Shutdown(grace)
}
