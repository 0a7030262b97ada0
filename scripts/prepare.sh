#!/usr/bin/env bash
# Installs the Debian packages that the tests and benchmarks use beyond Go, as far as they are missing and this user may
# install them.
set -euo pipefail
. "$(dirname "$0")/packages.sh"

has_compiler() { command -v cc >/dev/null || command -v gcc >/dev/null; }
has_postgres() {
	compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null && compgen -G '/usr/lib/postgresql/*/bin/pgbench' >/dev/null
}
has_curl() { command -v curl >/dev/null; }
has_jq() { command -v jq >/dev/null; }
has_node() { command -v node >/dev/null; }
has_npm() { command -v npm >/dev/null; }
has_php() { command -v php >/dev/null; }
has_php_curl() { has_php && php -m 2>/dev/null | grep -ix curl >/dev/null; }
has_chromium() {
	local name
	# Ubuntu's chromium-browser may be a script that only says how to get one.
	for name in chromium chromium-browser google-chrome; do
		if "$name" --version >/dev/null 2>&1; then return 0; fi
	done
	return 1
}
has_korean_font() { command -v fc-list >/dev/null && [ -n "$(fc-list :lang=ko family)" ]; }

needs=(
	'has_compiler:gcc libc6-dev:the race detector'
	'has_postgres:postgresql postgresql-contrib:all tests and benchmarks on PostgreSQL'
	'has_curl:curl:the test of the commands in the README'
	'has_php:php-cli:the test with a real PHP client'
	'has_php_curl:php-curl:the test with a real PHP client'
	'has_jq:jq:the test of the commands in the guides'
	'has_node:nodejs:the test of the JavaScript programs in the guides'
	'has_npm:npm:the test with a generated TypeScript client'
	'has_chromium:chromium:the tests of all pages in a browser (on Ubuntu it is a snap: snap install chromium)'
	'has_korean_font:fontconfig fonts-nanum:Korean letters on screenshots (the tests themselves run)'
)

# Debian's postgresql makes and starts a cluster of its own when it is installed; the tests start theirs.
prevent_main_cluster() {
	local dir=/etc/postgresql-common/createcluster.d
	if ! dpkg-query -W -f '${db:Status-Status}' postgresql-common 2>/dev/null | grep -x installed >/dev/null; then
		as_root mkdir -p "$dir"
		echo 'create_main_cluster = false' | as_root tee "$dir/giftimbiz-tests.conf" >/dev/null
	fi
}

mapfile -t missing < <(missing_packages)
[ "${#missing[@]}" -gt 0 ] || exit 0

reason=
if may_install; then
	has_postgres || prevent_main_cluster
	install "${missing[@]}"
fi
say_skipped
