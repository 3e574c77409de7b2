go vet
