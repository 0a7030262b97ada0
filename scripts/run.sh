#!/usr/bin/env bash
# Serves the sample catalogue (giftimbiz demo) and beside it the storefront, an app of its partner "demo". Ctrl+C stops both.
#
#	scripts/run.sh bin/giftimbiz bin/storefront [flags of giftimbiz demo …]
#
# It ends with the exit code of giftimbiz. SHOP_LISTEN and SHOP_PUBLIC_URL say where the storefront is (see storefront --help).
set -um # -m: each program is a group of its own, so that Ctrl+C reaches it once, from here
server=$1 storefront=$2
shift 2

# The demo writes credentials.json into its data folder.
data=${GIFTIMBIZ_DATA:-giftimbiz-data}
previous=
for argument in "$@"; do
	case $previous in
	--data) data=$argument ;;
	esac
	case $argument in
	--data=*) data=${argument#--data=} ;;
	esac
	previous=$argument
done
credentials=$data/credentials.json
written() { ls -i "$credentials" 2>/dev/null; } # each start replaces the file, and with it its number

before=$(written)
"$server" demo "$@" &
demo=$! shop=
stop() {
	trap '' INT TERM
	kill -TERM $demo 2>/dev/null
	[ -n "$shop" ] && kill -TERM -- -"$shop" 2>/dev/null
}
trap stop INT TERM

until [ -n "$(written)" ] && [ "$(written)" != "$before" ]; do
	kill -0 $demo 2>/dev/null || break
	sleep 0.1
done
if kill -0 $demo 2>/dev/null; then
	sleep 0.2 # the demo says what it has to say first
	{
		trap : INT TERM # it is told by the same signal, and waited for
		"$storefront" --credentials "$credentials" --data "$data/storefront" ||
			echo "The storefront is not running; the server goes on without it." >&2
	} &
	shop=$!
fi

code=0
while kill -0 $demo 2>/dev/null; do
	wait $demo
	code=$?
done
wait $demo # its code, if it had ended before
last=$?
[ $last -ne 127 ] && code=$last
if [ -n "$shop" ]; then
	kill -TERM -- -"$shop" 2>/dev/null
	wait "$shop" 2>/dev/null
fi
exit $code
