--- A gateway whose routes authenticate callers, one authentication alone, credentials for them, and what their node was sent.
local base64url = require("resty.openclaw.core.bytes.base64url")
local cjson = require("cjson")
local digests = require("resty.openclaw.core.bytes.digest")
local execute = require("spec.support.execute")
local gateways = require("spec.support.gateways")

local _M = { seen = {}, PORT = 18220, KEY = "oc_key-of-camera-7", SHORT_KEY = "oc_key-of-analyze", OLD_KEY = "oc_key-that-expired" }

local SECRET = ("s"):rep(64)
local sha256 = digests.new("sha256")

--- The path of a file with that text, which not all may read.
function _M.write(name, text)
    local path = ngx.config.prefix() .. "auth_" .. name
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
    execute("chmod 600 " .. path)
    return path
end

_M.SECRET_FILE = _M.write("secret", SECRET .. "\n")
_M.KEY_FILE = _M.write("keys", table.concat({
    "camera-7 " .. sha256:of(_M.KEY) .. " tenant=pond class=gold\n",
    "short " .. sha256:of(_M.SHORT_KEY) .. " routes=either,other\n",
    "old " .. sha256:of(_M.OLD_KEY) .. " expires=2001-01-01\n",
}))

--- A token with these claims beside the usual ones; `false`: without that one.
function _M.token(claims)
    local all = { sub = "alice", iss = "issuer", aud = "analyze", exp = math.floor(ngx.now()) + 60, scope = "infer" }
    for name, value in pairs(claims or {}) do all[name] = value or nil end
    local text = base64url.encode('{"alg":"HS256"}') .. "." .. base64url.encode(cjson.encode(all))
    return text .. "." .. base64url.encode(sha256:hmac_bytes(SECRET, text))
end

--- Options of `jwt`, with changes.
function _M.jwt(changes)
    local all = { secret_file = _M.SECRET_FILE, issuer = "issuer", audience = "analyze", class_claim = "plan", tenant_claim = "org" }
    for name, value in pairs(changes or {}) do all[name] = value end
    return all
end

function _M.api_key(changes)
    local all = { file = _M.KEY_FILE }
    for name, value in pairs(changes or {}) do all[name] = value end
    return all
end

local jwt, api_key = _M.jwt, _M.api_key
local HEADERS = { sub = "X-User", org = "X-The-Org" }
local ROUTES = {
    tokens = { jwt = jwt({ realm = "Pond [1]", headers = HEADERS, required_scopes = { "infer", "read" } }) },
    keys = { api_key = api_key({ header = "X-Camera-Key" }), counted_tenants = { "pond" } },
    either = { jwt = jwt({ headers = HEADERS }), api_key = api_key() },
    other = { jwt = jwt(), api_key = api_key() },
    all = { jwt = jwt(), api_key = api_key(), all = true },
    optional = { jwt = jwt({ headers = HEADERS }), api_key = api_key(), optional = true },
    all_or_none = { jwt = jwt(), api_key = api_key(), all = true, optional = true },
    forwarding = { jwt = jwt({ from = { "header", "cookie:token", "query:token" } }), api_key = api_key(), forward = true },
    anywhere = {
        jwt = jwt({ from = { "header", "cookie:token", "query:token" } }),
        api_key = api_key({ from = { "header", "cookie:api_key", "query:api_key" } }),
    },
    keyless = { jwt = { jwks_url = "http://127.0.0.1:3/keys?password=hidden", issuer = false, audience = false } },
    redis = { api_key = { redis = { port = 3 } } },
    second = { jwt = jwt({ tenant_claim = false, class_claim = false }) },
}
ROUTES.second.jwt.tenant_claim, ROUTES.second.jwt.class_claim = nil, nil

local routes = {}
for name, options in pairs(ROUTES) do routes[name] = { upstream = "authenticated", auth = options } end
routes.signing = { upstream = "authenticated", auth = { jwt = jwt() }, identity = { tell = { subject = "openclaw_identity" } } }

_M.gateway = gateways.another()
_M.gateway.setup({ upstreams = { authenticated = { nodes = { "127.0.0.1:18221" } } }, routes = routes })

--- The sentences about routes with wrong options.
_M.refusals = {
    (select(2, pcall(gateways.another().setup, { routes = { analyze = { auth = { jwt = jwt({ realm = "" }), all = 1 } } } }))),
    (select(2, pcall(gateways.another().setup, { routes = { analyze = { auth = { jwt = jwt(), all = true } } } }))),
}

--- Without the gateway, and without its log hook.
_M.alone = require("resty.openclaw.auth").new({ api_key = api_key(), optional = false })

--- In a location without the gateway, after which nothing of the request may be left.
function _M.forget() require("resty.openclaw.core.request.request_state").forget() end

--- Forgets what the node was sent.
function _M.reset()
    _M.seen = {}
end

--- The content handler of the node.
function _M.answer()
    _M.seen[#_M.seen + 1] = { head = ngx.req.raw_header(), uri = ngx.var.request_uri }
    ngx.say("answer")
end

return _M
