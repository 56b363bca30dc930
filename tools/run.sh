#!/usr/bin/env bash
# Starts the demo gateway on http://127.0.0.1:8080 and runs until Ctrl-C. Uses the installed OpenResty or nginx with Lua. If there
# is none, it installs Debian's packages if it may, or runs the image in docker.
set -u
cd "$(dirname "$0")/.." || exit

PORT=8080
# The demo's own inference nodes.
NODE_PORTS="8101 8102 8103 8104"

fail() { printf '%s\n' "$*" >&2; exit 1; }

is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

gateway_answers() {
    local line
    { exec 3<>"/dev/tcp/127.0.0.1/$PORT"; } 2>/dev/null || return 1
    printf 'GET / HTTP/1.0\r\n\r\n' >&3
    read -r -t 2 line <&3
    exec 3>&-
    [[ ${line:-} == HTTP/* ]]
}

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

gateway=
container=

start_here() {
    local folder
    tools/setup.sh gateway || exit 1
    tools/find_nginx.sh >/dev/null || fail 'no nginx with Lua was found'
    # A copy, since workers may run as a user who cannot read the checkout.
    folder=${TMPDIR:-/tmp}/openclaw-run-$(id -u)
    rm -rf "$folder"
    mkdir -m 755 "$folder" && mkdir "$folder/run" && cp -R lua-out nginx demo tools "$folder" && chmod -R a+rX "$folder" || exit 1
    (cd "$folder" && exec demo/start.sh) &
    gateway=$!
}

start_in_docker() {
    echo 'building the image; this takes a minute the first time'
    docker build --quiet --file docker/Dockerfile --tag openclaw-gateway . >/dev/null || exit 1
    container=openclaw-run-$$
    docker run --rm --name "$container" --publish "127.0.0.1:$PORT:8080" --publish 127.0.0.1:8104:8104 openclaw-gateway </dev/null &
    gateway=$!
}

stop() {
    trap '' INT TERM HUP
    if [ -n "$container" ]; then docker stop "$container" >/dev/null 2>&1; fi
    if [ -n "$gateway" ]; then
        kill -TERM "$gateway" 2>/dev/null
        wait "$gateway" 2>/dev/null
    fi
}
trap stop EXIT
trap 'exit 0' INT TERM HUP

for port in $PORT $NODE_PORTS; do
    ! is_taken "$port" || fail "port $port of 127.0.0.1 is in use; the demo needs the ports $PORT and $NODE_PORTS"
done

if ! tools/find_nginx.sh >/dev/null && ! can_install && timeout 10 docker info >/dev/null 2>&1; then
    start_in_docker
else
    start_here
fi

for _ in $(seq 300); do
    kill -0 "$gateway" 2>/dev/null || { wait "$gateway"; fail "the gateway exited with status $?"; }
    if gateway_answers; then
        ready=yes
        break
    fi
    sleep 0.1
done
[ -n "${ready:-}" ] || fail "the gateway does not respond on port $PORT"
echo
cat demo/try.txt
wait "$gateway"
