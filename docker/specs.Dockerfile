# The gateway's runtime with busted, for the specs. Build it from the stage "runtime" of the other Dockerfile.
ARG RUNTIME_IMAGE
FROM ${RUNTIME_IMAGE}
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends lua-busted prometheus openssl dnsmasq-base lua-nginx-redis && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/openclaw
