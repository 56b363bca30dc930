#!/usr/bin/env bash
# Runs the integration suites with vitest. Starts docker's daemon when none answers, and stops it again; removes every
# container that the suites leave behind. Arguments go to vitest: tools/integration.sh shared_memory
set -u
cd "$(dirname "$0")/.." || exit
. tools/process_group.sh

say() { printf 'integration: %s\n' "$*"; }

# Marks the containers and images of this checkout, so that those of another are left alone.
OPENCLAW_CHECKOUT=$(pwd -P | cksum | cut -d' ' -f1)
export OPENCLAW_CHECKOUT
label=openclaw.checkout=$OPENCLAW_CHECKOUT

daemon_answers() { timeout 10 docker info >/dev/null 2>&1; }

daemon=
# All that the suites write goes here; workers of nginx, who run as somebody else, must reach what is theirs.
scratch=$(mktemp -d)
chmod 711 "$scratch"

remove_containers() {
    local ids
    ids=$(docker ps --quiet --all --filter "label=$label" 2>/dev/null)
    # shellcheck disable=SC2086 # a list of words
    [ -z "$ids" ] || docker rm --force --volumes $ids >/dev/null
    ids=$(docker network ls --quiet --filter "label=$label" 2>/dev/null)
    # shellcheck disable=SC2086
    [ -z "$ids" ] || docker network rm $ids >/dev/null
}

clean_up() {
    if daemon_answers; then
        remove_containers
        docker image prune --force --filter "label=$label" >/dev/null
    fi
    if [ -n "$daemon" ]; then
        kill "$daemon" 2>/dev/null
        wait "$daemon" 2>/dev/null
    fi
    rm -rf "$scratch"
}
trap clean_up EXIT

start_daemon() {
    command -v docker >/dev/null || { say 'docker is not installed' >&2; return 1; }
    ! daemon_answers || return 0
    command -v dockerd >/dev/null || { say "no docker daemon answers, and there is no dockerd to start" >&2; return 1; }
    say 'starting dockerd'
    # A session of its own: it must outlive an interrupt, until the containers are removed.
    setsid dockerd >"$scratch/dockerd.log" 2>&1 </dev/null &
    daemon=$!
    for _ in $(seq 300); do
        ! daemon_answers || return 0
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    say 'dockerd does not start; it says:' >&2
    tail -n 5 "$scratch/dockerd.log" >&2
    return 1
}

if start_daemon; then
    remove_containers
    for image in debian:trixie-slim debian:bookworm-slim; do
        in_group tools/base_image.sh "$image" || say "cannot make the image $image" >&2
    done
else
    say 'the suites that need containers will fail' >&2
fi

export TMPDIR=$scratch
in_group node_modules/.bin/vitest run --config spec/integration/vitest.config.ts "$@"
