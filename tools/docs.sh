#!/usr/bin/env bash
# Writes the tables of options in docs anew, and the variables in nginx/openclaw.conf, from the declarations in lua-out; prints
# the files that have changed. See tools/option_tables.lua, tools/declared_variables.lua, tools/annotations.lua and
# tools/types.mjs.
set -eu
cd "$(dirname "$0")/.."

nginx=$(tools/find_nginx.sh) || { echo 'no nginx with Lua found; tools/setup.sh installs one' >&2; exit 1; }
modules=$(tools/find_nginx.sh modules)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# init_by_lua ends the process, so that no worker starts.
cat >"$scratch/nginx.conf" <<EOF
error_log stderr;
events {}
http {
    lua_package_path "$PWD/lua-out/?.lua;$PWD/?.lua;;";
    init_by_lua_block {
        require("tools.option_tables").write("docs")
        require("tools.declared_variables").write(".")
        require("tools.annotations").write(".") os.exit(0)
    }
}
EOF
"$nginx" -e stderr -p "$scratch" -c "$scratch/nginx.conf" -g "daemon off; $modules"
node tools/types.mjs
