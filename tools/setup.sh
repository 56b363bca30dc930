#!/bin/sh
# Installs what is missing on Debian and Ubuntu; elsewhere, or without root, says what to install.
# tools/setup.sh gateway   what it takes to run the gateway
# tools/setup.sh bench     that, and what the benchmarks take
# tools/setup.sh           what it takes to run, build and test
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }

policy=
log=$(mktemp)
trap 'rm -f "$log" $policy' EXIT
trap 'exit 1' INT TERM
packages=
need() { packages="$packages $*"; }

# Debian's nginx comes without cjson; OpenResty has it inside.
has_cjson() {
    ! tools/find_nginx.sh is_openresty || return 0
    for file in /usr/lib/*/lua/5.1/cjson.so /usr/lib/lua/5.1/cjson.so /usr/local/lib/lua/5.1/cjson.so; do
        [ ! -e "$file" ] || return 0
    done
    return 1
}

# The library that looks up nodes with names: OpenResty has it inside, Debian packages it as nginx.dns.
has_dns() {
    ! tools/find_nginx.sh is_openresty || return 0
    for folder in /usr/share/lua/5.1 /usr/local/share/lua/5.1; do
        [ ! -e $folder/nginx/dns/resolver.lua ] && [ ! -e $folder/resty/dns/resolver.lua ] || return 0
    done
    return 1
}

# The client of Redis: OpenResty has it inside, Debian packages it as nginx.redis.
has_redis_client() {
    ! tools/find_nginx.sh is_openresty || return 0
    for folder in /usr/share/lua/5.1 /usr/local/share/lua/5.1; do
        [ ! -e $folder/nginx/redis.lua ] && [ ! -e $folder/resty/redis.lua ] || return 0
    done
    return 1
}

need_for_gateway() {
    tools/find_nginx.sh >/dev/null || need nginx libnginx-mod-http-lua
    has_cjson || need lua-cjson
    has_dns || need lua-nginx-dns
}

need_for_tests() {
    has busted || need lua-busted
    has luacheck || need lua-check
    has debootstrap || need debootstrap
    has curl || need curl
    has git || need git
    has openssl || need openssl
    has promtool || need prometheus
    has chromium-headless-shell || need chromium-headless-shell fonts-dejavu-core
    { has redis-server && has redis-cli; } || need redis-server
    has rsyslogd || [ -x /usr/sbin/rsyslogd ] || need rsyslog
    has_redis_client || need lua-nginx-redis
    has dnsmasq || [ -x /usr/sbin/dnsmasq ] || need dnsmasq-base
    timeout 10 docker info >/dev/null 2>&1 || { has docker && has dockerd; } || need docker.io
    has vips || need libvips-tools
    has mogrify || need imagemagick
    if ! has_node; then need nodejs npm; fi
}

need_for_bench() {
    has wrk || need wrk
    has openssl || need openssl
    has pgrep || need procps
    has gnuplot || need gnuplot-nox
    has vips || need libvips-tools
    has cc || need gcc libc6-dev
    if ! has_node; then need nodejs npm; fi
}

has_node() {
    has npm && [ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge 20 ]
}

# A package that starts a service when it is installed asks this script for leave.
forbid_services() {
    [ ! -e /usr/sbin/policy-rc.d ] || return 0
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
}

install_packages() {
    if ! has apt-get || [ "$(id -u)" != 0 ]; then
        say "please install, as root, what these Debian packages hold:$packages" >&2
        return 1
    fi
    say "installing$packages"
    apt-get -qq update
    case $packages in *nodejs*)
        candidate=$(apt-cache policy nodejs | sed -n 's/.*Candidate: *\([0-9]*\).*/\1/p')
        if [ "${candidate:-0}" -lt 20 ]; then
            say "please install Node 20 or newer, with npm; this system's own packages are older" >&2
            packages=$(printf %s "$packages" | sed 's/ nodejs npm//')
            no_node=1
        fi ;;
    esac
    # Newer releases have the command line of docker in a package of its own.
    case $packages in *docker.io*) ! apt-cache show docker-cli >/dev/null 2>&1 || need docker-cli ;; esac
    # So do what reads and writes HEIF and AVIF.
    case $packages in *libvips-tools*)
        for plugin in libde265 dav1d x265 aomenc; do
            ! apt-cache show libheif-plugin-$plugin >/dev/null 2>&1 || need libheif-plugin-$plugin
        done ;;
    esac
    [ -n "$packages" ] || return 0
    forbid_services
    # shellcheck disable=SC2086 # a list of words
    if ! DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends -o DPkg::Lock::Timeout=120 \
        -o Dpkg::Use-Pty=0 $packages >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        return 1
    fi
}

# A worktree may share another one's modules by a link; those are left as they are.
install_node_modules() {
    if [ -L node_modules ] && [ -e node_modules/ ]; then return 0; fi
    done_before=node_modules/.package-lock.json
    # shellcheck disable=SC3013 # -nt: dash and busybox have it
    if [ -e $done_before ] && [ ! package-lock.json -nt $done_before ]; then return 0; fi
    say "installing the node modules"
    npm ci --no-update-notifier --no-audit --no-fund --loglevel=error </dev/null
}

what=${1:-all}
no_node=
need_for_gateway
[ "$what" != bench ] || need_for_bench
[ "$what" != all ] || need_for_tests
[ -z "$packages" ] || install_packages
[ -z "$no_node" ] || exit 1
[ "$what" != all ] || install_node_modules
