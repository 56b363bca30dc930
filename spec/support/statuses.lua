--- The status pages of the specs, made in init_by_lua as users make theirs, over figures and upstreams of their own.
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
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

--- Runs `work`; a status that would begin to take samples does not, which would disturb other specs from then on.
function _M.without_samples(work, ...)
    local timers = { at = ngx.timer.at, every = ngx.timer.every }
    for name, timer in pairs(timers) do
        ngx.timer[name] = function(seconds, callback, subject, ...)
            if type(subject) == "table" and subject.history then return true end
            return timer(seconds, callback, subject, ...)
        end
    end
    local ok, result = pcall(work, ...)
    ngx.timer.at, ngx.timer.every = timers.at, timers.every
    assert(ok, result)
    return result
end

return _M
