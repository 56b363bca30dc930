--- Makes one policy of every kind, by name.
local _M = {
    xed = function() return require("resty.openclaw.balancer.xed").new() end,
    round_robin = function() return require("resty.openclaw.balancer.round_robin").new() end,
    least_conn = function() return require("resty.openclaw.balancer.least_conn").new() end,
    latency_buckets = function() return require("resty.openclaw.balancer.latency_buckets").new({}) end,
    consistent_hash = function()
        return require("resty.openclaw.balancer.consistent_hash").new({ hash_on = "$uri", load_factor = 1.25 })
    end,
}

return _M
