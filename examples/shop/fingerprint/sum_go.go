//go:build !cgo

package fingerprint

// Implementation names the code behind Of.
const Implementation = "Go"

func sum(data []byte) uint64 {
	hash := uint64(0xcbf29ce484222325)
	for _, b := range data {
		hash ^= uint64(b)
		hash *= 0x100000001b3
	}
	return hash
}
