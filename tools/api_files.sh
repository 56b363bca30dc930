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
umask 077
mkdir -p "$1"
cd "$1"

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# nginx reads these two again when they change, and so its worker processes must be able to read them.
if [ ! -e issuer.key ]; then
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out issuer.key 2>/dev/null
    modulus=$(openssl rsa -in issuer.key -noout -modulus)
    n=$(printf '%b' "$(printf '%s' "${modulus#*=}" | sed 's/../\\x&/g')" | base64url)
    printf '{"keys":[{"kty":"RSA","kid":"test-1","use":"sig","alg":"RS256","n":"%s","e":"AQAB"}]}\n' "$n" >jwt_keys.json
fi
if [ ! -e api_keys ]; then
    made=$("$tools/new_api_key.sh" camera-7 class=standard tenant=pond 2>/dev/null)
    head -n 1 <<<"$made" >key
    tail -n 1 <<<"$made" >api_keys
fi
chmod 755 .
chmod 644 jwt_keys.json api_keys

now=$(date +%s)
header=$(printf '{"alg":"RS256","typ":"JWT","kid":"test-1"}' | base64url)
claims=$(printf '{"iss":"https://login.example","aud":"analyze","sub":"alice","plan":"gold","org":"acme","scope":"infer","iat":%d,"exp":%d}' \
    "$now" $((now + 3600)) | base64url)
signature=$(printf '%s' "$header.$claims" | openssl dgst -sha256 -sign issuer.key -binary | base64url)
printf '%s\n' "$header.$claims.$signature" >token
