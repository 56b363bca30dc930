local ____exports = {}
local status_list = require("resty.openclaw.balancer.status_list")
--- Not 501 (no such function), 507 or 529: a request can bring these about at any node.
local DEFAULTS = {500, 502, 503, 504}
--- What the option `failure_statuses` says. Raises when it is wrong. Phases: init.
function ____exports.statuses(owner, options)
    return status_list.read(owner, options, "failure_statuses", DEFAULTS)
end
return ____exports
