#!/bin/sh
# Checks a configuration, and its init_by_lua as well, which `nginx -t` leaves out:
#   tools/check_config.sh FILE [options of nginx]        for example -p /opt/openclaw
# A running server is not disturbed, and no port is taken. nginx starts with a copy of FILE whose first socket is in a
# folder that does not exist: it gives up there, before it opens any other, but after it has run init_by_lua. The copy
# stands beside FILE for that moment, as FILE may include what is beside it.
set -eu

fail() { printf 'check_config: %s\n' "$*" >&2; exit 1; }

[ -f "${1:-}" ] || fail 'usage: tools/check_config.sh FILE [options of nginx]'
nginx=$("$(dirname "$0")/find_nginx.sh") || fail 'no nginx with Lua was found'
file=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
shift

copy=''
log=''
trap 'rm -f "$copy" "$log"' EXIT
trap 'exit 1' INT TERM
copy=$(mktemp "$file.check.XXXXXX") || fail "a copy must stand beside $file for a moment"
log=$(mktemp)
socket=unix:$log.none/socket
sed -E -e "s|^[[:space:]]*http[[:space:]]*\{|&server { listen $socket; }|" \
    -e "s|^[[:space:]]*stream[[:space:]]*\{|&server { listen $socket.stream; return ''; }|" \
    -e 's/(^|[;{])([[:space:]]*error_log)[[:space:]][^;]*;/\1\2 stderr;/g' "$file" >"$copy"
grep -qF "listen $socket;" "$copy" || fail "$file has no line that begins with: http {"

if "$nginx" -e stderr -c "$copy" "$@" >"$log" 2>&1; then fail "nginx has started with $file; please stop it"; fi
refused="bind() to $socket"
grep -vF "$refused" "$log" | sed "s|$copy|$file|g" >&2
grep -qF "$refused" "$log" || fail "nginx does not start with $file"
echo "check_config: nginx starts with $file"
