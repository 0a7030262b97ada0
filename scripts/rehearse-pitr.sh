#!/usr/bin/env bash
# Rehearses point-in-time recovery: a PostgreSQL that archives its log, a base backup, purchases before and after a
# moment, a lost disk; then the database as it was at that moment, looked at by the doctor and compared with what buyers
# had been told.
#
#	scripts/rehearse-pitr.sh [bin/giftimbiz]
#
# It works in a temporary folder, listens on no port but the demo's own, and prints one last line:
# "recovered: acknowledged=N lost=N later=N seconds=N". It fails when a purchase is lost, or one from after the moment is
# there.
set -euo pipefail
program=$(realpath "${1:-bin/giftimbiz}")
pg=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/postgres' | sort -V | tail -n 1)")
earlier=12 later=5

dir=$(mktemp -d "${TMPDIR:-/tmp}/giftimbiz-pitr-XXXXXX")
server='' demo=''
finish() {
	[ -z "$demo" ] || kill -9 "$demo" 2>/dev/null || true
	[ -z "$server" ] || kill -QUIT "$server" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$dir"
}
trap finish EXIT

as=()
if [ "$(id -u)" -eq 0 ]; then
	as=(setpriv --reuid=postgres --regid=postgres --init-groups)
	chown postgres "$dir"
fi
postgres() { (cd "$dir" && exec "${as[@]}" "$@"); }

until_true() { # what command…
	local what=$1 began=$SECONDS
	shift
	until "$@" >/dev/null 2>&1; do
		[ $((SECONDS - began)) -lt 60 ] || { echo "pitr: not after 60 s: $what" >&2; cat "$dir"/*.log >&2; exit 1; }
		sleep 0.1
	done
}

query() { psql -h "$dir/run" -U postgres -XAtq -d "${2:-postgres}" -c "$1"; }

start_server() { # data folder
	(cd "$dir" && exec "${as[@]}" "$pg/postgres" -D "$1" -k "$dir/run" -h '') >>"$dir/server.log" 2>&1 &
	server=$!
}

database="postgres:///giftimbiz?host=$dir/run&user=postgres"
start_demo() {
	rm -f "$dir/ready"
	"$program" demo --data "$dir/data" --database "$database" --listen 127.0.0.1:0 --offers 200 >"$dir/demo.log" 2>&1 &
	demo=$!
	until_true 'the demo serves' grep -q 'http://127' "$dir/demo.log"
}

stop_demo() {
	kill -TERM "$demo"
	wait "$demo" || true
	demo=''
}

call() { "$program" call --data "$dir/data" "$@"; }

# buy takes a number of purchases and adds the order numbers that were answered to a file.
buy() {
	local n offer price
	for ((n = 0; n < $1; n++)); do
		IFS=$'\t' read -r offer price <&3
		call POST /orders --idempotency-key "$2-$n" --json "{\"reference\": \"$2-$n\", \"total\": $price,
			\"items\": [{\"offer_id\": $offer, \"quantity\": 1}]}" | jq -er .id >>"$dir/$2"
	done
}

echo 'pitr: a server that archives its log'
postgres mkdir run archive
postgres "$pg/initdb" -D "$dir/first" -U postgres -A trust -E UTF8 --locale=C -N >"$dir/initdb.log"
postgres tee -a "$dir/first/postgresql.conf" >/dev/null <<CONF
archive_mode = on
archive_command = 'test ! -f $dir/archive/%f && cp %p $dir/archive/.%f && mv $dir/archive/.%f $dir/archive/%f'
CONF
start_server "$dir/first"
until_true 'the server answers' query 'SELECT 1'
query 'CREATE DATABASE giftimbiz'
start_demo
call GET /offers limit=100 | jq -r '.data[] | [.id, .price] | @tsv' >"$dir/offers"
exec 3<"$dir/offers"

echo 'pitr: a base backup, purchases, a moment, purchases'
postgres "$pg/pg_basebackup" -h "$dir/run" -U postgres -D "$dir/base" -c fast -X none 2>>"$dir/server.log"
buy $earlier earlier
moment=$(query 'SELECT clock_timestamp()')
buy $later later
archived=$(query 'SELECT pg_walfile_name(pg_switch_wal())')
until_true 'the log is archived' test -f "$dir/archive/$archived"

echo 'pitr: the disk is lost'
kill -9 "$demo"
wait "$demo" 2>/dev/null || true
demo=''
kill -QUIT "$server"
wait "$server" || true
rm -rf "$dir/first"

echo "pitr: back to $moment"
began=$SECONDS
postgres cp -a "$dir/base" "$dir/second"
postgres tee -a "$dir/second/postgresql.auto.conf" >/dev/null <<CONF
archive_mode = off
restore_command = 'cp $dir/archive/%f %p'
recovery_target_time = '$moment'
recovery_target_action = promote
CONF
postgres touch "$dir/second/recovery.signal"
start_server "$dir/second"
primary_again() { [ "$(query 'SELECT pg_is_in_recovery()')" = f ]; }
until_true 'the database is at the moment' primary_again
"$program" doctor --data "$dir/data" --database "$database"
seconds=$((SECONDS - began))

start_demo
call GET /orders limit=100 | jq -r '.data[].id' | sort >"$dir/there"
stop_demo
sort -o "$dir/earlier" "$dir/earlier"
lost=$(comm -23 "$dir/earlier" "$dir/there" | wc -l)
extra=$(comm -13 "$dir/earlier" "$dir/there" | wc -l)
echo "recovered: acknowledged=$(wc -l <"$dir/earlier") lost=$lost later=$extra seconds=$seconds"
[ "$lost" -eq 0 ] && [ "$extra" -eq 0 ]
