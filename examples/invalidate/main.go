// Invalidate traces a small cache: how much of its invalidations is the garbage collector's work?
//
//	go run . trace.out
//	sluice trace trace.out
//
// With -busy two goroutines invalidate at once afterwards, while the collector runs on its own.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/trace"
	"sync"
	"time"
)

const (
	entries   = 2000
	entrySize = 4 << 10
)

// A cache keeps values that are costly to make.
type cache struct {
	mu     sync.Mutex
	values map[int][]byte
}

func newCache() *cache {
	c := &cache{values: make(map[int][]byte)}
	for key := range entries {
		c.values[key] = make([]byte, entrySize)
	}
	return c
}

func (c *cache) makeAgain(step int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := 0; key < entries; key += step {
		c.values[key] = make([]byte, entrySize)
	}
}

// Invalidate makes every step-th value anew, inside of a region; what was logged there is why.
func (c *cache) invalidate(ctx context.Context, reason string, step int) {
	defer trace.StartRegion(ctx, "cache.Invalidate").End()
	trace.Log(ctx, "reason", reason)
	c.makeAgain(step)
}

// Expire gives the memory of what is too old back at once: three collections, inside of a region
// whose type has the reason.
func (c *cache) expire(ctx context.Context) {
	defer trace.StartRegion(ctx, "cache.Invalidate/ttl").End()
	for range 3 {
		c.mu.Lock()
		clear(c.values)
		c.mu.Unlock()
		runtime.GC()
	}
}

// Two goroutines invalidate at once, and the collector has to run.
func evictAtOnce(ctx context.Context) {
	debug.SetGCPercent(20)
	var inside, done sync.WaitGroup
	inside.Add(2)
	done.Add(2)
	for range 2 {
		go func() {
			defer done.Done()
			defer trace.StartRegion(ctx, "cache.Invalidate/evict").End()
			inside.Done()
			inside.Wait()
			c := newCache()
			for range 3 {
				c.makeAgain(1)
			}
		}()
	}
	done.Wait()
}

func run(name string, busy bool) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	debug.SetGCPercent(-1) // only the collections that are asked for
	runtime.GC()
	if err := trace.Start(file); err != nil {
		return err
	}
	defer trace.Stop()

	ctx, task := trace.NewTask(context.Background(), "nightly")
	defer task.End()
	c := newCache()
	c.expire(ctx)
	c.invalidate(ctx, "manual", 10)
	trace.WithRegion(ctx, "report", func() { time.Sleep(time.Millisecond) })
	if busy {
		evictAtOnce(ctx)
	}
	return nil
}

func main() {
	args := os.Args[1:]
	busy := len(args) > 0 && args[0] == "-busy"
	if busy {
		args = args[1:]
	}
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: invalidate [-busy] TRACE")
		os.Exit(2)
	}
	if err := run(args[0], busy); err != nil {
		fmt.Fprintln(os.Stderr, "invalidate:", err)
		os.Exit(1)
	}
}
