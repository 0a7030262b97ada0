#!/usr/bin/env bash
# Builds the program for those who do not build it themselves: dist/giftimbiz-OS-ARCH, its bill of materials, and checksums.
# The same commit and version make the same bytes on any machine, whatever folder it is in.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
version=${VERSION:?which version}
rm -rf dist
mkdir dist
for target in ${TARGETS:-linux/amd64 linux/arm64 darwin/arm64 windows/amd64}; do
	os=${target%/*} arch=${target#*/}
	name=dist/giftimbiz-$os-$arch
	[ "$os" = windows ] && name+=.exe
	CGO_ENABLED=0 GOOS=$os GOARCH=$arch GOFLAGS=-mod=readonly "$go" build -trimpath -buildvcs=false \
		-ldflags "-s -w -buildid= -X main.version=$version" -o "$name" ./cmd/giftimbiz
done
"$go" tool -modfile=tools/release/go.mod cyclonedx-gomod app -json -licenses -noserial -notimestamp -main cmd/giftimbiz \
	-output dist/giftimbiz.cdx.json . 2>dist/errors || { cat dist/errors >&2; exit 1; }
rm dist/errors
(cd dist && sha256sum giftimbiz* >SHA256SUMS)
