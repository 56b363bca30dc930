#!/bin/sh
# Starts the demo in the folder it is called in: the simulated nodes, and the image-recognition gateway in front of them.
# Stops both when it is stopped, or when either of them ends.
set -u
nginx=$(tools/find_nginx.sh)
modules=$(tools/find_nginx.sh modules)
prefix=$PWD

start() { "$nginx" -e stderr -p "$prefix" -c "$prefix/$1" -g "daemon off; $modules" </dev/null & }

stop() {
    trap '' INT TERM QUIT HUP
    kill -TERM "$nodes" "$gateway" 2>/dev/null
    wait
}

start demo/nodes.conf
nodes=$!
start nginx/scenarios/image-recognition.conf
gateway=$!
trap 'stop; exit 0' INT TERM QUIT HUP
while kill -0 "$nodes" 2>/dev/null && kill -0 "$gateway" 2>/dev/null; do
    sleep 1 &
    wait $!
done
stop
exit 1
