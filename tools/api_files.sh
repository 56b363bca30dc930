#!/usr/bin/env bash
# Makes what nginx/scenarios/protected-api.conf asks for, to try it out:
#   tools/api_files.sh FOLDER
# issuer.key     the private key of an issuer of tokens
# jwt_keys.json  its public key, as a JWKS
# token          a token of this issuer, valid for an hour
# api_keys       the file of API keys, with one key
# key            that key
# Once more: a new token; the keys stay. A real issuer keeps its private key for itself.
set -eu
tools=$(cd "$(dirname "$0")" && pwd)

[ $# -eq 1 ] || { echo 'usage: tools/api_files.sh FOLDER' >&2; exit 1; }
folder=$1
# With the usual mode, as nginx's worker processes must get through these folders.
mkdir -p "$folder"
umask 077
cd "$folder"
wrote=

# Runs a command that says more than is of interest, unless it fails.
quietly() {
    local said
    said=$("$@" 2>&1) || { printf '%s\n' "$said" >&2; exit 1; }
    printf '%s\n' "$said"
}

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# nginx reads these two again when they change, and so its worker processes must be able to read them.
if [ ! -e issuer.key ]; then
    quietly openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out issuer.key >/dev/null
    modulus=$(openssl rsa -in issuer.key -noout -modulus)
    n=$(printf '%b' "$(printf '%s' "${modulus#*=}" | sed 's/../\\x&/g')" | base64url)
    printf '{"keys":[{"kty":"RSA","kid":"test-1","use":"sig","alg":"RS256","n":"%s","e":"AQAB"}]}\n' "$n" >jwt_keys.json
    wrote="issuer.key, jwt_keys.json, "
fi
if [ ! -e api_keys ]; then
    made=$(quietly "$tools/new_api_key.sh" camera-7 class=standard tenant=pond)
    grep '^oc_' <<<"$made" >key
    grep '^camera-7 ' <<<"$made" >api_keys
    wrote="${wrote}key, api_keys, "
fi
chmod 755 .
chmod 644 jwt_keys.json api_keys

now=$(date +%s)
header=$(printf '{"alg":"RS256","typ":"JWT","kid":"test-1"}' | base64url)
claims=$(printf '{"iss":"https://login.example","aud":"analyze","sub":"alice","plan":"gold","org":"acme","scope":"infer","iat":%d,"exp":%d}' \
    "$now" $((now + 3600)) | base64url)
signature=$(printf '%s' "$header.$claims" | openssl dgst -sha256 -sign issuer.key -binary | base64url)
printf '%s\n' "$header.$claims.$signature" >token
wrote=${wrote%, }
printf 'api_files: wrote %s to %s\n' "${wrote:+$wrote and }token" "$folder"
