#!/usr/bin/env bash
# Runs everything there is: set-up, build, lint, specs, integration. Every stage runs, also after one has failed. The
# end tells once more what failed, and then its names alone, as some show only the last lines of an output; the last
# line, how many tests passed and failed. A stage that fails without naming a test counts as one.
set -u
cd "$(dirname "$0")/.." || exit
. tools/process_group.sh

passed=0
failed=0
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# Runs a stage and keeps what it prints in $results/log. An interrupt must not take away the output that a script still
# has while it cleans up, so tee outlives it. ARGS is for single stages.
stage() {
    local name=$1 began=$SECONDS status=0
    shift
    printf '== %s\n' "$name"
    # shellcheck disable=SC2016 # the inner shell expands them
    in_group bash -o pipefail -c '"$@" 2>&1 | (trap "" INT TERM HUP; exec tee "$0")' "$results/log" \
        env ARGS= "$@" || status=$?
    printf '== %s: %s after %d s\n' "$name" "$([ $status = 0 ] && echo fine || echo FAILED)" $((SECONDS - began))
    [ $status = 0 ] || echo "FAILED $name" >>"$results/failures"
    return "$status"
}

# Without colours.
plain() { sed 's/\x1b\[[0-9;]*m//g'; }

count() {
    passed=$((passed + $1))
    failed=$((failed + $2))
}

stage set-up tools/setup.sh || failed=$((failed + 1))
stage build tools/build.sh || failed=$((failed + 1))
stage 'lua-out is committed' tools/committed.sh || failed=$((failed + 1))

# The tests in a report of vitest; a report that is missing counts as one that failed.
count_tests() {
    local counts="0 1" successes failures
    [ ! -s "$1" ] || counts=$(node tools/count_tests.mjs "$1")
    read -r successes failures <<<"$counts"
    count "$successes" "$failures"
    tail -n +2 <<<"$counts" | plain >>"$results/failures"
}

# The report of the suites goes to this file.
vitest() { printf 'tools/integration.sh --reporter=default --reporter=json --outputFile.json=%s' "$1"; }

# The specs wait most of the time. busted: "12 successes / 1 failure / 0 errors / 0 pending : 0.5 seconds"
stage 'lint and specs' tools/in_parallel.sh tools/lint.sh 'tools/spec.sh simulation' \
    "$(vitest "$results/containers.json") specs_in_containers" 'ARGS=--exclude-tags=simulation tools/spec.sh'
status=$?
summaries=$(plain <"$results/log" | grep -E '^[0-9]+ success(es)? / ')
while read -r successes failures errors; do count "$successes" $((failures + errors)); done < <(
    sed -E 's/([0-9]+) [a-z]+ \/ ([0-9]+) [a-z]+ \/ ([0-9]+) .*/\1 \2 \3/' <<<"$summaries"
)
[ "$(wc -l <<<"$summaries")" = 2 ] || count 0 1
plain <"$results/log" | grep -E -A 8 '^(Failure|Error) (→|->) ' |
    sed -E 's/^(Failure|Error) (→|->) /FAILED /' >>"$results/failures"
count_tests "$results/containers.json"
if [ "$status" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi

stage integration bash -c "OPENCLAW_WITHOUT_SPECS=1 $(vitest "$results/vitest.json")"
status=$?
count_tests "$results/vitest.json"
if [ "$status" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi

if [ -s "$results/failures" ]; then
    cut -c 1-500 "$results/failures"
    echo '== All that failed:'
    grep '^FAILED ' "$results/failures" | cut -c 1-150 | head -n 12
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
