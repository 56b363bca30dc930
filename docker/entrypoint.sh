#!/bin/sh
# Starts nginx in the foreground with the configuration file named (relative to /opt/openclaw); the prefix is
# /opt/openclaw, and the log goes to stderr. Anything but a .conf file is run as a command instead.
set -eu
cd /opt/openclaw

case ${1:-} in
    *.conf) ;;
    *) exec "$@" ;;
esac
[ -e "$1" ] || { echo "there is no configuration file $1 in /opt/openclaw" >&2; exit 1; }
case $1 in
    /*) conf=$1 ;;
    *) conf=$PWD/$1 ;;
esac
shift
exec "$(tools/find_nginx.sh)" -e stderr -p /opt/openclaw -c "$conf" -g "daemon off; $(tools/find_nginx.sh modules)" "$@"
