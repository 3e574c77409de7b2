#!/usr/bin/env bash
# Runs the tests as the nightly job does.
set -euo pipefail

cd "$(mktemp -d)"
git clone --depth=1 https://git.example.com/shop.git .
export TZ=UTC

flags="-race -count=1"
if [[ "${QUICK:-}" == 1 ]]; then
  flags=-short
fi

for dir in $(go list -f '{{.Dir}}' ./...); do
  (cd "$dir" && go test $flags)
done

go test -memprofile mem.out ./internal/cart && go tool pprof mem.out
gotestsum --junitfile junit.xml -- -count=1 ./...
env GOFLAGS=-a timeout 20m go build ./...
git restore-mtime
