#!/usr/bin/env bash
# Builds the program twice from nothing, in two folders and with two caches, and compares the bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
for place in one two/further/down; do
	git clone -q . "$work/$place"
	(cd "$work/$place" && GOCACHE="$work/cache-${place//\//-}" TARGETS=$(go env GOOS)/$(go env GOARCH) VERSION=reproduced scripts/release.sh)
done
diff "$work/one/dist/SHA256SUMS" "$work/two/further/down/dist/SHA256SUMS"
echo "the same bytes twice:"
cat "$work/one/dist/SHA256SUMS"
