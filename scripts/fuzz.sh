#!/usr/bin/env bash
# All fuzz targets, one after the other, each for FUZZTIME, and one table of what they did. What one finds stays as a file in its
# package's testdata/fuzz, where every run of the tests tries it again: mend what it shows, and commit it.
# Only those whose name matches ONLY (a regular expression), if that is given.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
fuzztime=${FUZZTIME:-10m}
only=${ONLY:-.}
work=$(mktemp -d)
trap 'echo; cat "$work/table"; rm -rf "$work"' EXIT # what is known so far, also when it is told to stop

# target PACKAGE NAME: fuzzes it and adds its row to the table.
target() {
	local package=$1 name=$2 outcome=passed
	echo "--- $package $name"
	# The minimizing of inputs that are only interesting takes longer than finding them.
	if ! "$go" test -run '^$' -fuzz "^$name\$" -fuzztime "$fuzztime" -fuzzminimizetime 1s "$package" >"$work/out" 2>&1; then
		outcome=FAILED
		status=1
		cat "$work/out"
	fi
	local execs new
	execs=$(grep -o 'execs: [0-9]*' "$work/out" | tail -1 | grep -o '[0-9]*' || true)
	new=$(grep -o 'new interesting: [0-9]*' "$work/out" | tail -1 | grep -o '[0-9]*' || true)
	printf '%-28s %-48s %12s %8s  %s\n' "${package#./}" "$name" "${execs:--}" "${new:--}" "$outcome" >>"$work/table"
}

status=0
printf '%-28s %-48s %12s %8s  %s\n' package target runs new outcome >"$work/table"
while IFS=: read -r file line; do
	name=$(sed -E 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/' <<<"$line")
	if [[ "$file $name" =~ $only ]]; then
		target "$(dirname "$file")" "$name"
	fi
done < <(grep -rE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*\(' ./client ./cmd ./internal | sort)
exit "$status"
