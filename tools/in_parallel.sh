#!/usr/bin/env bash
# Runs commands at the same time, such as `tools/in_parallel.sh "tools/spec.sh simulation" tools/lint.sh`. The last one prints as it
# goes; what the others print follows when all have ended. Fails if one of them fails.
set -u
outputs=$(mktemp -d)
trap 'rm -rf "$outputs"' EXIT

processes=()
while [ $# -gt 1 ]; do
    bash -c "$1" >"$outputs/${#processes[@]}" 2>&1 &
    processes+=($!)
    shift
done
status=0
bash -c "$1" || status=$?
for number in "${!processes[@]}"; do
    wait "${processes[$number]}" || status=$?
    cat "$outputs/$number"
done
exit "$status"
