#!/usr/bin/env bash
# Installs what the tests of failover use beyond what prepare.sh does: Patroni, etcd, HAProxy and the tools for
# namespaces, from Debian. None of their services is started.
set -euo pipefail
. "$(dirname "$0")/packages.sh"

has_patroni() { command -v patroni >/dev/null; }
# With this Patroni speaks to etcd. Debian 13 is content with Consul's library in its place.
has_patroni_etcd() { /usr/bin/python3 -c 'import etcd' 2>/dev/null; }
has_etcd() { command -v etcd >/dev/null; }
has_haproxy() { command -v haproxy >/dev/null; }
has_namespaces() { command -v ip >/dev/null && command -v nsenter >/dev/null; }

needs=(
	'has_patroni:patroni:failover'
	'has_patroni_etcd:python3-etcd:failover'
	'has_etcd:etcd-server:failover'
	'has_haproxy:haproxy:failover, rolling restart'
	'has_namespaces:iproute2 util-linux:failover'
)

# Debian starts a service when it installs it, unless this says no (101). One that is there already stays.
policy=/usr/sbin/policy-rc.d
no_service_starts() {
	if [ -e "$policy" ]; then
		grep 'exit 101' "$policy" >/dev/null && return
		reason="$policy lets services start"
		return 1
	fi
	trap 'as_root rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
	as_root chmod 755 "$policy"
}

mapfile -t missing < <(missing_packages)
[ "${#missing[@]}" -gt 0 ] || exit 0

reason=
if may_install && no_service_starts; then
	install "${missing[@]}"
	# With the policy gone, the next start of the machine would start them: nobody but the tests asked for them.
	for package in "${missing[@]}"; do
		as_root systemctl disable "${package%-server}" >/dev/null 2>&1 || true
	done
fi
say_skipped
