#!/usr/bin/env bash
# Runs the specs with busted, inside a real nginx worker, on a copy of what they look at. ARGS holds busted's options.
# `tools/spec.sh simulation` runs those that simulate a cluster, in an nginx without servers, beside which others may run.
set -eu
conf=${1:-nginx}
cd "$(dirname "$0")/.."

nginx=$(tools/find_nginx.sh) || { echo 'no nginx with Lua found; tools/setup.sh installs one' >&2; exit 1; }
modules=$(tools/find_nginx.sh modules)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
mkdir -p "$scratch/spec/integration" "$scratch/tools" "$scratch/bench"
cp tools/*.lua "$scratch/tools"
cp bench/README.md "$scratch/bench"
# Pages link to the suites.
cp spec/integration/*.ts "$scratch/spec/integration"
cp -R lua-out .busted ./*.rockspec dist.ini package.json ./*.md "$scratch"
for entry in spec/*; do
    [ "$entry" = spec/integration ] || cp -R "$entry" "$scratch/spec"
done
for folder in nginx demo docs examples types; do
    [ ! -d "$folder" ] || cp -R "$folder" "$scratch"
done
cd "$scratch"
arguments=${ARGS:-}
[ "$conf" = nginx ] || arguments="$arguments spec/balancer/virtual_time_spec.lua"
BUSTED_ARGS=$arguments timeout --foreground 1500 "$nginx" -e stderr -p "$scratch" -c "$scratch/spec/$conf.conf" -g "$modules"
