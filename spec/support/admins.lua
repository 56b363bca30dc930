--- The admin pages of the specs, made in init_by_lua as users make theirs, over a balancer and over upstreams that fail.
local admin = require("resty.openclaw.admin")
local balancer = require("resty.openclaw.balancer")
local limits = require("spec.support.limits")

local _M = { TOKEN = "0123456789abcdef/+=-_~." }

_M.balancer = balancer.new({
    name = "admin_spec",
    nodes = { "127.0.0.1:18161", { "[::1]:18162", weight = 3 }, { "unix:/run/admin spec.sock", drain = true } },
})

--- An upstream that answers what a spec tells it to, and keeps what it was asked for.
--- Two upstreams with a waiting room: one learns its places, the other has classes.
_M.learning = balancer.new({ name = "admin_spec_learning", nodes = { "127.0.0.1:18161" }, queue = { at_least = 5 } })
_M.classed = balancer.new({
    name = "admin_spec_classed",
    nodes = { "127.0.0.1:18161" },
    queue = { concurrency = 3, size = 10, classes = { vip = { weight = 8, size = 5 } } },
})

_M.told = { reports = {}, ok = true, asked = {} }

local function note(...)
    _M.told.asked[#_M.told.asked + 1] = { ... }
    return _M.told.ok, _M.told.err
end

local told = {
    report = function() return _M.told.reports end,
    change = function(_, address, patch) return note("change", address, patch) end,
    forget_changes = function(_, address) return note("forget", address) end,
    is_degraded = function() return _M.told.degraded end,
}

--- Forgets what a spec told, and what was done to the balancer's nodes.
function _M.reset()
    _M.told.reports, _M.told.ok, _M.told.err, _M.told.asked, _M.told.degraded = {}, true, nil, {}, false
    _M.learning:change_queue()
    _M.classed:change_queue()
    local names = _M.balancer.registry.region.names
    names:delete("changes:admin_spec")
    names:delete("changing:admin_spec")
    require("resty.openclaw.balancer.membership").announce(_M.balancer.membership)
end

local upstreams = { cluster = _M.balancer, ['a/b "c"'] = told }

_M.open = admin.new({ upstreams = upstreams })
_M.limited = admin.new({
    upstreams = {},
    limits = {
        analyze = limits.changeable,
        ['a/b "c"'] = limits.changeable_tokens,
        keys = limits.changeable_keys,
        shared = limits.changeable_shared,
    },
})
_M.queues = admin.new({ upstreams = { cluster = _M.balancer, learning = _M.learning, classed = _M.classed, told = told }, prefix = "/queues" })
_M.elsewhere = admin.new({ upstreams = upstreams, prefix = "/nodes" })
_M.guarded = admin.new({ upstreams = upstreams, token = _M.TOKEN })
--- Purges that answer what a spec tells them to, and keep what they were asked for.
_M.purges = { asked = {}, now = { path = "/var/lib/openclaw/purges", filters = 0, last = 0, at = 0 } }
function _M.purges.state() return _M.purges.now end
function _M.purges.add(_, filter)
    _M.purges.asked[#_M.purges.asked + 1] = filter
    return _M.purges.made, _M.purges.err
end

local function of_cache(options, purges)
    local read = require("resty.openclaw.config.schema").read_or_raise(admin.SCHEMA, options, "admin")
    return admin.create(read, { upstreams = {}, limits = {}, cached = { "spec cached", 'spec "odd"' }, purges = purges }, "admin")
end

_M.cached = of_cache({}, _M.purges)
_M.guarded_cache = of_cache({ token = _M.TOKEN, cache_prefix = "/cached" }, _M.purges)
_M.unkept = of_cache({ cache_prefix = "/unkept" })
_M.nothing = admin.new({ upstreams = {} })

return _M
