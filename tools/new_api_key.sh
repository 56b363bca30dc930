#!/bin/sh
# Makes an API key. Prints the key, which nothing else has, and the line for the file of `auth.api_key`, which has only its SHA-256:
# With --file FILE it appends the line to that file instead, which is made for its owner alone if it is not there.
#   tools/new_api_key.sh [--file FILE] ID [class=NAME] [tenant=NAME] [rate=10/second|600/minute] [routes=NAME,NAME] [expires=2027-01-31]
# The rules for names and values are those of src/resty/openclaw/auth/api_key/attributes.ts.
set -eu
LC_ALL=C
export LC_ALL

fail() { printf 'new_api_key: %s\n' "$*" >&2; exit 1; }

NAME='1 to 64 letters, digits, dots, underscores or hyphens'

is_name() {
    case $1 in '' | *[!A-Za-z0-9._-]*) return 1 ;; esac
    [ ${#1} -le 64 ]
}

is_rate() {
    case $1 in */second | */minute) ;; *) return 1 ;; esac
    case ${1%/*} in '' | 0* | *[!0-9]*) return 1 ;; esac
    [ ${#1} -le 24 ]
}

are_routes() {
    case $1 in '' | ,* | *, | *,,*) return 1 ;; esac
    rest=$1,
    seen=,
    count=0
    while [ -n "$rest" ]; do
        route=${rest%%,*}
        rest=${rest#*,}
        is_name "$route" || return 1
        case $seen in *,"$route",*) return 1 ;; esac
        seen=$seen$route,
        count=$((count + 1))
    done
    [ $count -le 64 ]
}

is_day() {
    year=${1%%-*}
    month=${1#*-}
    day=${month#*-}
    month=${month%-*}
    # A leading 0 would make an octal number.
    month=${month#0}
    day=${day#0}
    [ "$year" -ge 1970 ] || return 1
    case $month in
        1 | 3 | 5 | 7 | 8 | 10 | 12) last=31 ;;
        4 | 6 | 9 | 11) last=30 ;;
        2)
            last=28
            if [ $((year % 4)) -eq 0 ] && { [ $((year % 100)) -ne 0 ] || [ $((year % 400)) -eq 0 ]; }; then last=29; fi
            ;;
        *) return 1 ;;
    esac
    [ "$day" -ge 1 ] && [ "$day" -le $last ]
}

is_moment() {
    case $1 in
        [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]) ;;
        [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[01][0-9]:[0-5][0-9]:[0-5][0-9]Z) ;;
        [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T2[0-3]:[0-5][0-9]:[0-5][0-9]Z) ;;
        *) return 1 ;;
    esac
    is_day "${1%%T*}"
}

USAGE='usage: tools/new_api_key.sh [--file FILE] ID [class=NAME] [tenant=NAME] [rate=600/minute] [routes=NAME,NAME] [expires=2027-01-31]'
case ${1-} in -h | --help) printf '%s\n' "$USAGE"; exit 0 ;; esac
file=
if [ "${1-}" = --file ] && [ $# -gt 1 ]; then
    file=$2
    shift 2
fi
[ $# -gt 0 ] || fail "$USAGE"
id=$1
shift
is_name "$id" || fail "the id must be $NAME"

line=''
names=' '
for attribute in "$@"; do
    name=${attribute%%=*}
    value=${attribute#*=}
    case $attribute in
        tenant=*) is_name "$value" || fail "tenant must be $NAME" ;;
        class=*) is_name "$value" || fail "class must be $NAME" ;;
        rate=*) is_rate "$value" || fail 'rate must be like 10/second or 600/minute' ;;
        routes=*) are_routes "$value" || fail "routes must be up to 64 different names with commas between them, each $NAME" ;;
        expires=*) is_moment "$value" || fail 'expires must be like 2027-01-31 or 2027-01-31T00:00:00Z' ;;
        *) fail 'NAME=VALUE is expected after the id, with the names tenant, class, rate, routes and expires' ;;
    esac
    case $names in *" $name "*) fail "$name is there twice" ;; esac
    names="$names$name "
    line="$line $attribute"
done

# 256 random bits. printf is a part of the shell, so no process has the key in its arguments.
key=oc_$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')
digest=$(printf '%s' "$key" | sha256sum)
digest=${digest%% *}
if [ ${#key} -ne 46 ] || [ ${#digest} -ne 64 ]; then fail 'head, base64, tr and sha256sum of coreutils are needed'; fi

if [ -n "$file" ]; then
    if [ -s "$file" ]; then
        ! grep -q "^[[:blank:]]*$id[[:blank:]]" "$file" || fail "$file has a key with the id $id already"
        # A line that does not end would become one with this one.
        [ -z "$(tail -c 1 "$file")" ] || fail "the last line of $file does not end with a line break"
    fi
    umask 077
    is_new=
    [ -e "$file" ] || is_new=yes
    printf '%s %s%s\n' "$id" "$digest" "$line" >>"$file" || fail "cannot write to $file"
    if [ -n "$is_new" ]; then
        printf '%s is new, and only %s can read it. The user of nginx'"'"'s workers must be able to read it:\n' "$file" "$(id -un)" >&2
        printf '    chown www-data %s        # the user of the directive "user" of nginx.conf\n' "$file" >&2
    fi
fi
printf 'The key, for its owner; it cannot be shown again:\n' >&2
printf '%s\n' "$key"
[ -z "$file" ] || exit 0
printf 'The line for the file:\n' >&2
printf '%s %s%s\n' "$id" "$digest" "$line"
