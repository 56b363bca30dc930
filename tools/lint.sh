#!/usr/bin/env bash
# Runs every check of style and types; goes on after one fails, so that all findings show at once.
set -u
cd "$(dirname "$0")/.." || exit
PATH="$PWD/node_modules/.bin:$PATH"

failed=
check() {
    "$@" || failed="$failed $1"
}

scripts=(tools/*.sh docker/*.sh .ci/run)
for script in bench/*.sh demo/*.sh; do
    [ ! -e "$script" ] || scripts+=("$script")
done

check prettier --log-level warn --check .
check eslint .
check depcruise --output-type err src
check tsc --noEmit -p spec/integration
check tsc --noEmit -p dashboard
check node tools/types.mjs --check
check luacheck --no-color --quiet lua-out spec demo tools examples
check bash -n "${scripts[@]}"
if command -v shellcheck >/dev/null; then check shellcheck -x "${scripts[@]}"; fi

[ -z "$failed" ] || { echo "lint: failed:$failed" >&2; exit 1; }
