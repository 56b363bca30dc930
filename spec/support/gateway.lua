--- What init_by_lua does for the specs. Objects that locations in spec/locations use are made here, as users make theirs.
require("spec.support.debian")
-- The master maps what the workers share.
for _, dict in ipairs({ "openclaw", "tiny", "pods", "many_series", "many_values", "many_routes" }) do
    require("resty.openclaw.core.metrics.metric_registry").open(dict)
end

require("spec.support.admins")
spec_balancers = require("spec.support.balancers")
spec_digests = require("spec.support.digests")
spec_checks = require("spec.support.checked_requests")
spec_metrics = require("spec.support.metrics")
require("spec.support.gateways")
require("spec.support.statuses")
require("spec.support.slow_logs")
require("spec.support.inferences")
require("spec.support.tiers")
require("spec.support.authentications")
spec_limits = require("spec.support.limits")
