package fingerprint

import (
	"fmt"
	"hash/fnv"
	"strings"
	"testing"
)

func TestAgainstStandardLibrary(t *testing.T) {
	for size := range 300 {
		data := []byte(strings.Repeat("coffee ", size))[:size]
		hash := fnv.New64a()
		hash.Write(data)
		if got, want := Of(data), fmt.Sprintf("%016x", hash.Sum64()); got != want {
			t.Fatalf("%s: fingerprint of %d bytes is %s, want %s", Implementation, size, got, want)
		}
	}
}

func BenchmarkOf(b *testing.B) {
	data := make([]byte, 4096)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		Of(data)
	}
}
