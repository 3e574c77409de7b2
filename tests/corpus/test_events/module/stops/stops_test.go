package stops

import (
	"fmt"
	"os"
	"testing"
)

func TestBefore(t *testing.T) {}

func TestStops(t *testing.T) {
	switch os.Getenv("STOP") {
	case "panic":
		panic("stopped")
	case "exit":
		fmt.Println("about to leave")
		os.Exit(3)
	case "exit0":
		os.Exit(0)
	case "fatal":
		t.Run("inner", func(t *testing.T) { t.Fatal("fatal") })
	}
}
