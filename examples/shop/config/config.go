// Package config reads the shop's settings from the environment.
package config

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Config is everything that differs between two installations.
type Config struct {
	Address     string
	Region      string
	OrdersFile  string
	ReadTimeout time.Duration
}

// FromEnvironment reads SHOP_ADDR, SHOP_REGION, SHOP_ORDERS and SHOP_READ_TIMEOUT.
func FromEnvironment() (Config, error) {
	c := Config{
		Address:     or(os.Getenv("SHOP_ADDR"), "127.0.0.1:8080"),
		Region:      or(os.Getenv("SHOP_REGION"), "DE"),
		OrdersFile:  os.Getenv("SHOP_ORDERS"),
		ReadTimeout: 5 * time.Second,
	}
	if _, _, err := net.SplitHostPort(c.Address); err != nil {
		return Config{}, fmt.Errorf("config: SHOP_ADDR: %w", err)
	}
	if c.OrdersFile != "" && !filepath.IsAbs(c.OrdersFile) {
		return Config{}, fmt.Errorf("config: SHOP_ORDERS: %q is not an absolute path", c.OrdersFile)
	}
	if text := os.Getenv("SHOP_READ_TIMEOUT"); text != "" {
		timeout, err := time.ParseDuration(text)
		if err != nil || timeout <= 0 {
			return Config{}, fmt.Errorf("config: SHOP_READ_TIMEOUT: %q is not a positive duration", text)
		}
		c.ReadTimeout = timeout
	}
	return c, nil
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
