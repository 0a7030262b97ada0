#!/usr/bin/env bash
# Installs the Debian packages that the tests and benchmarks use beyond Go, as far as they are missing and this user may
# install them. What stays missing is named together with what is skipped for it; that is no error.
set -euo pipefail

has_compiler() { command -v cc >/dev/null || command -v gcc >/dev/null; }
has_postgres() {
	compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null && compgen -G '/usr/lib/postgresql/*/bin/pgbench' >/dev/null
}
has_curl() { command -v curl >/dev/null; }
has_jq() { command -v jq >/dev/null; }
has_node() { command -v node >/dev/null; }
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

# check : packages : what is skipped without it
needs=(
	'has_compiler:gcc libc6-dev:the race detector'
	'has_postgres:postgresql postgresql-contrib:all tests and benchmarks on PostgreSQL'
	'has_curl:curl:the test of the commands in the README'
	'has_php:php-cli:the test with a real PHP client'
	'has_php_curl:php-curl:the test with a real PHP client'
	'has_jq:jq:the test of the commands in the guides'
	'has_node:nodejs:the test of the JavaScript programs in the guides'
	'has_chromium:chromium:the tests of all pages in a browser (on Ubuntu it is a snap: snap install chromium)'
	'has_korean_font:fontconfig fonts-nanum:Korean letters on screenshots (the tests themselves run)'
)

missing_packages() {
	local need check packages _
	for need in "${needs[@]}"; do
		IFS=: read -r check packages _ <<<"$need"
		"$check" || printf '%s\n' "$packages"
	done
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
	command -v apt-get >/dev/null || { reason='there is no apt-get here'; return 1; }
	[ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null || { reason='neither root nor sudo without a password'; return 1; }
}

# Debian's postgresql makes and starts a cluster of its own when it is installed; the tests start theirs.
prevent_main_cluster() {
	local dir=/etc/postgresql-common/createcluster.d
	if ! dpkg-query -W -f '${db:Status-Status}' postgresql-common 2>/dev/null | grep -x installed >/dev/null; then
		as_root mkdir -p "$dir"
		echo 'create_main_cluster = false' | as_root tee "$dir/giftimbiz-tests.conf" >/dev/null
	fi
}

apt() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=180 -o Acquire::Retries=3 "$@"
}

install() {
	local log=$1 packages package status=0
	shift
	packages=("$@")
	echo "prepare: installing ${packages[*]}"
	case " ${packages[*]} " in *' postgresql '*) prevent_main_cluster ;; esac
	# The lists may be partly out of date and still hold what is needed: only the installation decides.
	apt update >"$log" 2>&1 || true
	if apt install --no-install-recommends -y "${packages[@]}" >>"$log" 2>&1; then return 0; fi
	# A package that this system does not have keeps none of the others from it.
	for package in "${packages[@]}"; do
		apt install --no-install-recommends -y "$package" >>"$log" 2>&1 || status=1
	done
	return "$status"
}

mapfile -t missing < <(missing_packages | tr ' ' '\n' | sed '/^$/d')
if [ "${#missing[@]}" -eq 0 ]; then
	exit 0
fi

reason=
if may_install; then
	log=$(mktemp)
	if ! install "$log" "${missing[@]}"; then
		reason='apt-get failed'
		{ grep '^E: ' "$log" || tail -n 5 "$log"; } | tail -n 5 >&2
	fi
	rm -f "$log"
fi

for need in "${needs[@]}"; do
	IFS=: read -r check packages skipped <<<"$need"
	"$check" || echo "prepare: missing $packages (${reason:-installed, but of no use}): SKIPPED for it: $skipped" >&2
done
