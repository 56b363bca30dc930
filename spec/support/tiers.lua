--- A gateway whose routes know of deadlines and identities, its nodes, and what these were sent.
local execute = require("spec.support.execute")
local gateways = require("spec.support.gateways")

local _M = { seen = {}, behave = {}, heard = {}, judgement = {} }

local function write_key(name, letter)
    local path = ngx.config.prefix() .. "tiers_" .. name
    local file = assert(io.open(path, "w"))
    file:write(letter:rep(32), "\n")
    file:close()
    execute("chmod 600 " .. path)
    return path
end

_M.KEYS = { old = write_key("old", "o"), new = write_key("new", "n"), foreign = write_key("foreign", "f") }

local accept = { accept = "signed", key_files = { _M.KEYS.old, _M.KEYS.new } }

local function accepting(options)
    for name, value in pairs(accept) do
        if options[name] == nil then options[name] = value end
    end
    return options
end

--- Plugins that have a say before each try, and hear of it.
local function judge(name)
    return {
        before_balance = function(_, route)
            _M.heard[#_M.heard + 1] = "before " .. name .. " " .. route
            return _M.judgement[name]
        end,
        balance = function(_, route) _M.heard[#_M.heard + 1] = "at " .. name .. " " .. route end,
    }
end

local gateway = gateways.another()
gateway.setup({
    upstreams = {
        tiers = { nodes = { "127.0.0.1:18211", "127.0.0.1:18212" }, policy = "round_robin" },
        tiers_drained = { nodes = { "127.0.0.1:18214" } },
        tiers_dead = { nodes = { "127.0.0.1:3" } },
        tiers_self = { nodes = { "127.0.0.1:18213" } },
    },
    routes = {
        bounded = { upstream = "tiers", deadline = { seconds = 60, most_seconds = 120 } },
        exact = { upstream = "tiers", deadline = { skew_seconds = 0 } },
        first = { upstream = "tiers_dead", deadline = {} },
        second = { upstream = "tiers", deadline = {} },
        hasty = { upstream = "tiers", deadline = { seconds = 1 } },
        judged = { upstream = "tiers", plugins = { judge("first") } },
        judged_twice = { upstream = "tiers", plugins = { judge("first"), { log = function() end }, judge("second") } },
        judged_full = { upstream = "tiers_drained", plugins = { judge("first") } },

        edge = { upstream = "tiers_self", identity = { sign = { key_file = _M.KEYS.new, subject = "tiers_subject", trusted = true } }, body_digest = { algorithm = "sha256" } },
        open_edge = { upstream = "tiers", identity = { sign = { key_file = _M.KEYS.old, subject = "tiers_subject", trusted = true }, required = false } },
        undeclared = { upstream = "tiers", identity = { tell = { subject = "tiers_undeclared", trusted = true }, required = false } },
        telling = { upstream = "tiers", identity = { tell = { subject = "tiers_subject", trusted = true } } },
        certificate = { upstream = "tiers", identity = { tell = { subject = "ssl_client_s_dn" } } },
        centre = { upstream = "tiers", identity = accepting({}) },
        digesting = { upstream = "tiers", identity = accepting({}), body_digest = { algorithm = "sha256" } },
        quick = { upstream = "tiers", identity = accepting({ max_age_seconds = 1 }) },
        lenient = { upstream = "tiers", identity = accepting({ required = false }) },
        between = { upstream = "tiers", identity = accepting({ sign = { key_file = _M.KEYS.foreign, subject = "openclaw_identity" } }) },
        certified = { upstream = "tiers", identity = { accept = "mutual_tls" } },
        picky = { upstream = "tiers", identity = { accept = "mutual_tls", peers = { "CN=edge-1", "CN=edge-2" } } },
        unaware = { upstream = "tiers" },
        dead_centre = { upstream = "tiers_dead", identity = accepting({}) },
    },
})
_M.gateway = gateway

--- Forgets what the nodes were sent; they answer again.
function _M.reset()
    _M.seen, _M.behave, _M.heard, _M.judgement = {}, {}, {}, {}
end

--- The content handler of the nodes: notes what came.
function _M.answer()
    ngx.req.read_body()
    local body = ngx.req.get_body_data()
    local path = ngx.req.get_body_file()
    if path then
        local file = assert(io.open(path, "rb"))
        body = file:read("*a")
        file:close()
    end
    local seen = { port = tonumber(ngx.var.server_port), head = ngx.req.raw_header(), body = body or "" }
    _M.seen[#_M.seen + 1] = seen
    if _M.behave[seen.port] then return _M.behave[seen.port]() end
    ngx.say("answer")
end

--- The values of all headers of that name, which may have "-" and "_" alike, in what a node was sent.
function _M.headers(seen, name)
    local values = {}
    for key, value in seen.head:gmatch("\r\n([^:\r]+): ?([^\r]*)") do
        if key:lower():gsub("_", "-") == name:lower() then values[#values + 1] = value end
    end
    return values
end

return _M
