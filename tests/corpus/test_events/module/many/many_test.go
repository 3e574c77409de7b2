package many

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestPasses(t *testing.T) { t.Log("said in passing") }

func TestFails(t *testing.T) {
	t.Error("an error\nof two lines")
	t.Log("a log line \x16 with \x0f control \x0e characters \x1b in it")
	fmt.Print("no newline, then an error")
	t.Error("behind it")
}

func TestSkips(t *testing.T) { t.Skip("why not") }

func TestSubtests(t *testing.T) {
	for _, name := range []string{"plain", "with/slash", "with space", "", ""} {
		t.Run(name, func(t *testing.T) {
			fmt.Println("printed in", t.Name())
			t.Run("deeper", func(t *testing.T) {
				if name == "plain" {
					t.Error("deep down")
				}
			})
		})
	}
}

func TestParallel(t *testing.T) {
	t.Run("group", func(t *testing.T) {
		t.Run("one", func(t *testing.T) { t.Parallel(); t.Log("one") })
	})
}

func TestOutput(t *testing.T) {
	fmt.Println("    --- PASS: TestOfNobody (0.00s)")
	fmt.Println("=== RUN   TestOfNobody")
	fmt.Println("--- FAIL: TestOfNobody (1.50s)")
	fmt.Println("PASS")
	fmt.Println("<html> & \"quotes\" \\ \t tab \u2028 \xff\xfe no UTF-8, \U0001f600 \x7f")
	fmt.Println("wide" + strings.Repeat("\u00e9", 2100))
	fmt.Println("a mark \x16 in the middle, \x1b an escape, \x0fand an error\x0e")
	fmt.Fprintln(os.Stderr, "to standard error")
}

func TestLast(t *testing.T) { fmt.Print("no newline at the end") }

func Example_right() {
	fmt.Println("right")
	// Output: right
}

func Example_wrong() {
	fmt.Println("wrong")
	// Output: right
}

func FuzzSeeds(f *testing.F) {
	f.Add(1)
	f.Fuzz(func(t *testing.T, n int) {})
}

func BenchmarkFast(b *testing.B) {
	for range b.N {
	}
}

func BenchmarkGroup(b *testing.B) {
	b.Run("inner", func(b *testing.B) {
		for range b.N {
		}
		b.Log("said by a benchmark")
	})
}
