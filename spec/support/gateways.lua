--- The gateway of the specs, set up in init_by_lua as users set up theirs, and what its plugins and its sink have seen.
local gateway = require("resty.openclaw")

local _M = { gateway = gateway, seen = {}, records = {}, markers = 0 }

--- A gateway of its own: `setup` may be called once for each.
function _M.another()
    package.loaded["resty.openclaw"] = nil
    local other = require("resty.openclaw")
    package.loaded["resty.openclaw"] = gateway
    return other
end

--- Forgets what was seen.
function _M.reset()
    _M.seen, _M.records = {}, {}
end

local function witness(name, phase)
    return function(plugin, route)
        assert(plugin.name == name)
        _M.seen[#_M.seen + 1] = table.concat({ phase, name, route }, " ")
    end
end

--- A plugin that notes when it is called in these phases.
local function plugin_of(name, ...)
    local plugin = { name = name }
    for _, phase in ipairs({ ... }) do plugin[phase] = witness(name, phase) end
    return plugin
end

--- As our own plugins are made: the methods are in a metatable.
local inherited = setmetatable({ name = "fifth" }, { __index = plugin_of("fifth", "access", "log") })

local own_plugins = {
    plugin_of("first", "access", "header_filter", "body_filter", "log"),
    plugin_of("second", "access", "header_filter", "body_filter", "log"),
    plugin_of("third", "access", "header_filter", "body_filter", "log"),
    plugin_of("fourth", "access"),
    inherited,
    plugin_of("sixth", "access", "header_filter", "body_filter", "log"),
    plugin_of("seventh", "header_filter", "body_filter"),
}

local raising = { log = function() error("raised") end }

gateway.setup({
    upstreams = {
        gateway_nodes = { nodes = { "127.0.0.1:18151", "127.0.0.1:18152" }, policy = "round_robin" },
        gateway_dead = { nodes = { "127.0.0.1:3" } },
    },
    routes = {
        photograph = { upstream = "gateway_nodes", checks = { content_types = { "image/jpeg", "image/png" } }, body_digest = {} },
        plain = { upstream = "gateway_nodes" },
        dead = { upstream = "gateway_dead" },
        nowhere = {},
        own = { plugins = own_plugins },
        raising = { plugins = { raising } },
        marker = {},
        uncounted = { metrics = false },
        unrecorded = { record = false },
    },
    log = { batch_seconds = 0.01, sinks = { { type = "http", name = "gateway", url = "http://127.0.0.1:18151/log" } } },
    metrics = {},
})

--- The sentence of a second `setup`.
_M.second_setup = select(2, pcall(gateway.setup, {}))

--- Was never set up.
_M.empty = _M.another()

--- Set up with nothing.
_M.bare = _M.another()
_M.bare.setup({})

--- Of this one the specs call what belongs to the life of a worker.
_M.whole = _M.another()
_M.whole.setup({
    upstreams = { gateway_whole = { nodes = { "127.0.0.1:18153" } } },
    log = { sinks = { { type = "file", name = "gateway_whole", path = "/nonexistent/log" } } },
})

--- The sink: keeps the records, and counts those of requests that only mark where others end.
function _M.take()
    ngx.req.read_body()
    for line in ngx.req.get_body_data():gmatch("[^\n]+") do
        local record = require("cjson").decode(line)
        if record.route == "marker" then
            _M.markers = _M.markers + 1
        else
            _M.records[#_M.records + 1] = record
        end
    end
end

return _M
