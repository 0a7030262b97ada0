GO ?= go

.PHONY: build test lint clean

build:
	$(GO) build -trimpath ./...

# Everything: installs what is missing from Debian's packages when it may, and says what it skipped when it may not.
test: lint
	scripts/prepare.sh
	$(GO) test -race ./...

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	$(GO) vet ./...

clean:
	rm -rf bin giftimbiz-data
