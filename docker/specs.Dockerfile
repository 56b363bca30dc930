# The gateway's runtime with busted, for the specs. Build it from the stage "runtime" of the other Dockerfile.
ARG RUNTIME_IMAGE
FROM ${RUNTIME_IMAGE}
# Debian 13 has what reads and writes HEIF and AVIF in packages of their own.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends lua-busted prometheus openssl dnsmasq-base lua-nginx-redis \
    libvips-tools imagemagick $(apt-cache search --names-only '^libheif-plugin-(libde265|dav1d|x265|aomenc)$' | cut -d ' ' -f 1) \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/openclaw
