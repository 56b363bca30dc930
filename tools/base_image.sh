#!/usr/bin/env bash
# Makes sure that docker has a Debian base image: tools/base_image.sh debian:trixie-slim
# Where no registry answers, the image is made from Debian's packages.
set -eu

image=$1
docker image inspect "$image" >/dev/null 2>&1 && exit 0
timeout 10 docker pull --quiet "$image" >/dev/null 2>&1 </dev/null && exit 0

release=${image#debian:}
release=${release%-slim}
echo "integration: making the image $image with debootstrap, about 30 seconds"
scratch=$(mktemp -d)
trap 'rm -rf --one-file-system "$scratch"' EXIT
root=$scratch/root
mkdir -m 755 "$root"
if ! debootstrap --variant=minbase "$release" "$root" >"$scratch/log" 2>&1; then
    tail -n 20 "$scratch/log" >&2
    exit 1
fi
rm -f "$root"/var/cache/apt/archives/*.deb
tar -C "$root" -c . | docker import --change 'CMD ["bash"]' - "$image" >/dev/null
