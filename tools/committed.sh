#!/usr/bin/env bash
# Fails when lua-out, just built, is not what the last commit holds: src and lua-out are committed together.
set -eu
cd "$(dirname "$0")/.."

if ! git -c safe.directory='*' rev-parse --git-dir >/dev/null 2>&1; then
    echo 'not a git checkout: lua-out is not compared'
    exit 0
fi
changes=$(git -c safe.directory='*' status --porcelain --untracked-files=all -- lua-out)
[ -n "$changes" ] || exit 0
printf '%s\n' 'lua-out differs from the last commit; commit it together with src:' "$changes" >&2
git -c safe.directory='*' --no-pager diff HEAD -- lua-out >&2
exit 1
