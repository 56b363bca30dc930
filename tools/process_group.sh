# shellcheck shell=bash
# For other scripts to source. in_group runs a command in a process group of its own and waits for it; when this script
# is interrupted, or nobody reads its output any longer, the whole group is stopped, and the script exits so that its
# EXIT trap can clean up.
group=

in_group() {
    set -m
    "$@" </dev/null &
    group=$!
    set +m
    local status=0
    wait "$group" || status=$?
    group=
    return "$status"
}

stop_group() {
    trap '' INT TERM HUP PIPE
    if [ -n "$group" ]; then
        kill -TERM -- "-$group" 2>/dev/null
        # Scripts among them clean up in turn; what still runs after half a minute never will.
        for _ in $(seq 300); do
            kill -0 -- "-$group" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL -- "-$group" 2>/dev/null
    fi
    exit 130
}

trap stop_group INT TERM HUP PIPE
