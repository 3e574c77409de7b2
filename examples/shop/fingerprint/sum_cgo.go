//go:build cgo

package fingerprint

/*
#include <stddef.h>
#include <stdint.h>

static uint64_t fnv1a(const unsigned char *data, size_t size) {
	uint64_t hash = 0xcbf29ce484222325u;
	for (size_t i = 0; i < size; i++) {
		hash ^= data[i];
		hash *= 0x100000001b3u;
	}
	return hash;
}
*/
import "C"

import "unsafe"

// Implementation names the code behind Of.
const Implementation = "C"

func sum(data []byte) uint64 {
	return uint64(C.fnv1a((*C.uchar)(unsafe.SliceData(data)), C.size_t(len(data))))
}
