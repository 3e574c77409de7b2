// Command fanout does to a module what linters and code generators do: it starts many go commands, several at a time,
// and opens the export files they named after they are gone.
//
//	fanout [-n COMMANDS] [-at-once N]
//
// It prints how many commands it ran and how many export files it opened.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// listed is what fanout needs from `go list -json`.
type listed struct {
	ImportPath string
	Export     string
}

func main() {
	n := flag.Int("n", 30, "how many go commands to run")
	atOnce := flag.Int("at-once", 6, "how many of them at a time")
	flag.Parse()
	if err := run(*n, *atOnce); err != nil {
		fmt.Fprintln(os.Stderr, "fanout:", err)
		os.Exit(1)
	}
}

func run(n, atOnce int) error {
	commands := [][]string{
		{"list", "-export", "-deps", "-json=ImportPath,Export", "./..."},
		{"vet", "./money", "./cart"},
		{"list", "-export", "-json=ImportPath,Export", "./web"},
		{"list", "-test", "-export", "-json=ImportPath,Export", "./pricing"},
		{"list", "-compiled", "-export", "-deps", "-json=ImportPath,Export", "./fingerprint"},
	}
	var (
		mutex   sync.Mutex
		exports = map[string]string{}
		errs    []error
		group   sync.WaitGroup
		slots   = make(chan struct{}, atOnce)
	)
	for i := range n {
		args := commands[i%len(commands)]
		slots <- struct{}{}
		group.Add(1)
		go func() {
			defer func() { <-slots; group.Done() }()
			found, err := goCommand(args)
			mutex.Lock()
			defer mutex.Unlock()
			if err != nil {
				errs = append(errs, err)
			}
			for _, p := range found {
				if p.Export != "" {
					exports[p.Export] = p.ImportPath
				}
			}
		}()
	}
	group.Wait()
	for path, importPath := range exports {
		if err := check(path); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", importPath, err))
		}
	}
	fmt.Printf("%d commands, %d export files\n", n, len(exports))
	return errors.Join(errs...)
}

func goCommand(args []string) ([]listed, error) {
	var out, problems bytes.Buffer
	command := exec.Command("go", args...)
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("go %v: %w\n%s", args, err, problems.Bytes())
	}
	if args[0] != "list" {
		return nil, nil
	}
	var found []listed
	decoder := json.NewDecoder(&out)
	for {
		var p listed
		if err := decoder.Decode(&p); err == io.EOF {
			return found, nil
		} else if err != nil {
			return nil, fmt.Errorf("go %v: %w", args, err)
		}
		found = append(found, p)
	}
}

// check opens an export file the way x/tools does: it must be there, without extension, and hold an archive.
func check(path string) error {
	if !filepath.IsAbs(path) || filepath.Ext(path) != "" {
		return fmt.Errorf("%s is not an absolute path without extension", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	magic := make([]byte, 8)
	if _, err := io.ReadFull(file, magic); err != nil || string(magic) != "!<arch>\n" {
		return fmt.Errorf("%s is not an archive (%q, %v)", path, magic, err)
	}
	return nil
}
