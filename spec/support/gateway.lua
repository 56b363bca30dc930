--- What init_by_lua does for the specs. Objects that locations in spec/locations use are made here, as users make theirs.
require("spec.support.debian")

-- luacheck: globals spec_digests
spec_digests = require("spec.support.digests")
