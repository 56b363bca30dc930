#!/usr/bin/env bash
# Runs commands at the same time, such as `tools/in_parallel.sh tools/lint.sh "tools/spec.sh simulation" tools/integration.sh`. The last
# one prints as it goes; what another one prints follows when it has ended. Fails if one of them fails.
set -u
outputs=$(mktemp -d)
trap 'rm -rf "$outputs"' EXIT

run() {
    local status=0
    bash -c "$1" >"$2" 2>&1 || status=$?
    # One after another, so that they do not mix.
    flock "$outputs" sh -c 'echo "$1"; cat "$2"' - "$1: $([ $status = 0 ] && echo fine || echo FAILED)" "$2"
    return $status
}

processes=()
while [ $# -gt 1 ]; do
    run "$1" "$outputs/${#processes[@]}" &
    processes+=($!)
    shift
done
status=0
bash -c "$1" || status=$?
for process in "${processes[@]}"; do
    wait "$process" || status=$?
done
exit "$status"
