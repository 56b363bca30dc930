--- The status pages of the specs, made in init_by_lua as users make theirs, over figures and upstreams of their own.
local metric_registry = require("resty.openclaw.metric_registry")
local status = require("resty.openclaw.status")

local _M = { TOKEN = "0123456789abcdef/+=-_~." }

_M.registry = metric_registry.open("status")

--- An upstream that reports what a spec tells it to.
_M.reports = {}
local told = {
    report = function() return _M.reports end,
    is_degraded = function() return _M.degraded end,
}
local other = { report = function() return {} end }

_M.open = status.new({ dict = "status", upstreams = { told = told, other = other }, routes = { "unused" } })
_M.guarded = status.new({ dict = "status", token = _M.TOKEN })
_M.bare = status.new({ dict = "status" })

return _M
