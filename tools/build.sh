#!/usr/bin/env bash
# Compiles src to lua-out, and dashboard to a Lua module there. A failing compile leaves the old lua-out as it was.
set -eu
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
node_modules/.bin/tstl -p tsconfig.build.json --outDir "$scratch/lua-out"
if [ -e "$scratch/lua-out/lualib_bundle.lua" ]; then
    echo 'src uses a TypeScript feature that needs lualib, which two libraries in one nginx cannot share' >&2
    exit 1
fi
node dashboard/build.mjs "$scratch/lua-out/resty/openclaw/status/page.lua"
rm -rf lua-out
cp -R "$scratch/lua-out" lua-out
node tools/rockspec.mjs
