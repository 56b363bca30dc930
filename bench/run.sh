#!/bin/sh
# Runs all measurements, one after the other: make bench. Takes about twenty minutes; wants a machine with two cores that
# has nothing else to do. All load stays on 127.0.0.1.
set -eu
cd "$(dirname "$0")/.."
tools/setup.sh bench

title() { printf '\n## %s\n\n' "$*"; }

title 'Gateway against plain nginx'
node bench/gateway.mjs
title 'A route with all plugins'
node bench/all_plugins.mjs
title 'Built-in metrics'
node bench/request_figures.mjs
node bench/built_in_metrics.mjs
title 'Digest of request bodies'
node bench/body_digest.mjs
title 'Checks'
node bench/checks.mjs
node bench/in_worker.mjs json_structure
title 'Canonical JSON'
node bench/in_worker.mjs canonical_json
title 'The cache'
node bench/cache.mjs
node bench/coalescing.mjs
title 'Near hits'
node bench/in_worker.mjs near_search
title 'Token figures'
node bench/body_filter.mjs
title 'Images'
node bench/image.mjs
title 'The envelope of responses'
node bench/envelope.mjs
title 'Metric handles'
node bench/in_worker.mjs metric_handles
title 'Scrape'
node bench/scrape.mjs
title 'Queue'
node bench/in_worker.mjs queue_push
title 'Spool'
node bench/in_worker.mjs spool_append
title 'API keys'
node bench/in_worker.mjs api_keys
title 'Pick of a node'
node bench/in_worker.mjs pick
title 'Verification of tokens'
node bench/in_worker.mjs verify_token
title 'Authentication'
node bench/auth.mjs
title 'Limits'
node bench/limit.mjs
title 'The waiting room'
node bench/in_worker.mjs free_place
node bench/waiting_room.mjs
title 'A route that protects models'
node bench/full_chain.mjs
title 'Overload'
node bench/overload.mjs
