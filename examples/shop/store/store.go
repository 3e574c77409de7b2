// Package store keeps orders: in memory, and as one JSON line an order in a file when it has one.
package store

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"example.com/shop/fingerprint"
	"example.com/shop/pricing"
)

// ErrNotFound says that no order has the wanted number.
var ErrNotFound = errors.New("store: no such order")

// Order is an invoice that somebody accepted.
type Order struct {
	Number      int             `json:"number"`
	Placed      time.Time       `json:"placed"`
	Invoice     pricing.Invoice `json:"invoice"`
	Fingerprint string          `json:"fingerprint"`
}

// Store holds orders. It is safe for use by several goroutines.
type Store struct {
	mu     sync.RWMutex
	orders []Order
	file   *os.File
	now    func() time.Time
}

// InMemory returns a store that forgets.
func InMemory() *Store {
	return &Store{now: time.Now}
}

// Open returns a store that keeps its orders in the file called path.
func Open(path string) (*Store, error) {
	s := InMemory()
	old, err := os.Open(path)
	switch {
	case err == nil:
		err = s.load(old)
		old.Close()
		if err != nil {
			return nil, fmt.Errorf("store: %s: %w", path, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("store: %w", err)
	}
	s.file, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return s, nil
}

func (s *Store) load(file *os.File) error {
	lines := bufio.NewScanner(file)
	for number := 1; lines.Scan(); number++ {
		var order Order
		if err := json.Unmarshal(lines.Bytes(), &order); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		want, err := fingerprintOf(order.Invoice)
		if err != nil {
			return err
		}
		if order.Number != number || order.Fingerprint != want {
			return fmt.Errorf("line %d: the order is damaged", number)
		}
		s.orders = append(s.orders, order)
	}
	return lines.Err()
}

// Place stores an invoice as the next order.
func (s *Store) Place(invoice pricing.Invoice) (Order, error) {
	sum, err := fingerprintOf(invoice)
	if err != nil {
		return Order{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	order := Order{Number: len(s.orders) + 1, Placed: s.now().UTC(), Invoice: invoice, Fingerprint: sum}
	if s.file != nil {
		line, err := json.Marshal(order)
		if err != nil {
			return Order{}, fmt.Errorf("store: %w", err)
		}
		if _, err := s.file.Write(append(line, '\n')); err != nil {
			return Order{}, fmt.Errorf("store: %w", err)
		}
	}
	s.orders = append(s.orders, order)
	return order, nil
}

// Get returns the order with the given number.
func (s *Store) Get(number int) (Order, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if number < 1 || number > len(s.orders) {
		return Order{}, fmt.Errorf("%w: %d", ErrNotFound, number)
	}
	return s.orders[number-1], nil
}

// Len returns the number of orders.
func (s *Store) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.orders)
}

// Close closes the store's file.
func (s *Store) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

func fingerprintOf(invoice pricing.Invoice) (string, error) {
	document, err := json.Marshal(invoice)
	if err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	return fingerprint.Of(document), nil
}
