#!/bin/sh
# Finds an nginx that knows Lua: OpenResty, or an nginx with the Lua module. Prints its path.
# tools/find_nginx.sh modules prints instead what its option -g must say to load that module; nothing for OpenResty.
# tools/find_nginx.sh is_openresty prints nothing, and succeeds where it is OpenResty, wherever that is installed.
# NGINX_BIN, when set, is the only one considered. Fails, without a word, where there is none.
set -eu

has_lua_built_in() {
    "$1" -V 2>&1 | grep -Eq -e '--add-module=[^ ]*(ngx_lua|lua-nginx-module)'
}

load_directives() {
    folder=$("$1" -V 2>&1 | tr ' ' '\n' | sed -n 's/^--modules-path=//p')
    [ -f "$folder/ngx_http_lua_module.so" ] || return 1
    for module in ndk_http_module ngx_http_lua_module; do
        [ ! -f "$folder/$module.so" ] || printf 'load_module %s; ' "$folder/$module.so"
    done
}

find_in() {
    for candidate in "$@"; do
        nginx=$(command -v "$candidate") || continue
        if has_lua_built_in "$nginx"; then
            directives=
        else
            directives=$(load_directives "$nginx") || continue
        fi
        return 0
    done
    return 1
}

if [ -n "${NGINX_BIN:-}" ]; then
    find_in "$NGINX_BIN"
else
    find_in openresty /usr/local/openresty/bin/openresty nginx /usr/sbin/nginx
fi
case ${1:-} in
    modules) printf '%s\n' "$directives" ;;
    is_openresty) "$nginx" -V 2>&1 | grep -q 'openresty/' ;;
    *) printf '%s\n' "$nginx" ;;
esac
