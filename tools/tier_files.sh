#!/usr/bin/env bash
# Makes what nginx/scenarios/edge.conf and centre.conf ask for: certificates of an authority of their own for both, and
# the key by which the edge signs who asks.
#   tools/tier_files.sh FOLDER
# For trying out: the authority's key stands beside the others, and all certificates end after a year.
set -eu

[ $# -eq 1 ] || { echo 'usage: tools/tier_files.sh FOLDER' >&2; exit 1; }
# The folder above may be one that nginx's workers must get through, such as run.
mkdir -p "$(dirname "$1")"
umask 077
mkdir -p "$1"
cd "$1"

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }

# A certificate of the authority, for a name, with an extension.
certify() {
    new_key "$1"
    openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -out "$1.pem" \
        -extfile <(printf 'basicConstraints=CA:FALSE\n%s\n' "$3") 2>/dev/null
    rm "$1.csr"
}

new_key ca
openssl req -x509 -new -key ca.key -subj '/CN=openclaw tiers' -days 365 -out ca.pem
certify centre centre 'subjectAltName=DNS:centre'
certify edge edge-1 'extendedKeyUsage=clientAuth'
openssl rand -hex 32 >identity.key
chmod 644 ./*.pem
