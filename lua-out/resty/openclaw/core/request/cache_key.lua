local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local type = type
local string_gsub = string.gsub
local string_lower = string.lower
local string_sub = string.sub
local table_concat = table.concat
local digests = require("resty.openclaw.core.bytes.digest")
local digests_new = digests.new
local request = require("resty.openclaw.core.request.request")
local request_set_variable = request.set_variable
local request_variable = request.variable
--- What keys are made of, and how: another number gives other keys.
local VERSION = "1"
local KEY = "openclaw_cache_key"
local SKIP = "openclaw_cache_skip"
--- - the method: nginx looks up GET and HEAD in the cache whatever `proxy_cache_methods` says;
-- - scheme, port, server and host: servers may share a zone, and nodes build URLs from `Host`;
-- - the URI as received, because `/a%3Fb` is not `/a?b`; and as changed by `rewrite`;
-- - the encoding of the body, and the accepted types of the response; the type of the body comes with its digest;
-- - the route and variant.
local OF_REQUEST = {
    "request_method",
    "scheme",
    "server_port",
    "server_name",
    "host",
    "http_host",
    "request_uri",
    "uri",
    "args",
    "http_content_encoding",
    "http_accept",
    "openclaw_route",
    "openclaw_variant"
}
--- All that is known of a caller. How an identity is known is a part, as names of tokens and of keys may be alike.
local CALLER = {"openclaw_identity", "openclaw_tenant", "openclaw_class", "openclaw_auth_method"}
____exports.CALLER = CALLER
--- Its header is in the key, or what the header says.
local CONTENT_TYPE = "content-type"
--- Headers with credentials of clients: those of RFC 9110 and 6265, and of common APIs.
local CREDENTIALS = {
    "http_authorization",
    "http_proxy_authorization",
    "http_cookie",
    "http_x_api_key",
    "http_api_key",
    "http_apikey",
    "http_x_auth_token",
    "http_x_access_token",
    "http_x_goog_api_key",
    "http_ocp_apim_subscription_key"
}
--- Since this version of nginx, a header's variable contains all headers of that name; before, only the first.
local JOINS_HEADERS_FROM = 1023000
--- On an older nginx, a request with more headers is not cached.
local MOST_HEADERS = 100
--- Reused by all requests: no function yields while it is in use.
local parts = {}
local function is_header(name)
    return string_sub(name, 1, 5) == "http_"
end
--- Sets a part of the key. A missing value and an empty one must differ.
local function set_part(place, value)
    parts[2 * place + 1] = value == nil and "-" or #value
    parts[2 * place + 1 + 1] = value or ""
end
--- The key of the current request. On failure nil and why.
local function make(key, content_type, body_digest, generations)
    local count = #key.variables
    set_part(0, VERSION)
    for place = 1, count do
        set_part(
            place,
            request_variable(key.variables[place])
        )
    end
    set_part(count + 1, content_type)
    set_part(count + 2, body_digest)
    set_part(count + 3, generations)
    local text = table_concat(parts, ":", 1, 2 * (count + 4))
    return key.digest:of(text)
end
--- Whether a header of the key was sent twice, or with `_` instead of `-`, which nginx treats as the same header, while nginx's
-- variable shows only one of them.
local function is_ambiguous(key)
    if ngx.config.nginx_version >= JOINS_HEADERS_FROM then
        return false
    end
    local headers, err = ngx.req.get_headers(MOST_HEADERS)
    if err ~= nil then
        return true
    end
    local seen = {}
    for name, value in pairs(headers) do
        local dashed = string_gsub(name, "_", "-")
        if key.headers[dashed] ~= nil then
            if type(value) == "table" or seen[dashed] ~= nil then
                return true
            end
            seen[dashed] = true
        end
    end
    return false
end
--- Whether the request has credentials or an identity that are not part of the key.
local function is_personal(key)
    for ____, name in ipairs(key.credentials) do
        if request_variable(name) ~= nil then
            return true
        end
    end
    local identity = request_variable("openclaw_identity") or ""
    return identity == "" and request_variable("http_x_openclaw_identity") ~= nil
end
--- Keeps the current request out of the cache. Phases: server_rewrite, access.
local function withhold(key)
    if not key.is_declared then
        return
    end
    request_set_variable(SKIP, "1")
    key.is_declared = request_set_variable(
        KEY,
        "none-" .. (request_variable("request_id") or "")
    )
end
____exports.withhold = withhold
--- Takes the key from a request that was redirected to another route, whose answers are others. Phases: access.
local function revoke()
    request_set_variable(SKIP, "1")
    request_set_variable(
        KEY,
        "none-" .. (request_variable("request_id") or "")
    )
end
____exports.revoke = revoke
--- Sets the key of the current request, whose body has that digest and is of that type. Keeps the request out of the cache if it has
-- credentials that are not part of the key. Does nothing if nginx.conf does not declare the variables. Returns the key; nothing if the
-- request has none. Phases: server_rewrite, access.
-- 
-- @param generations a part of the key: another text for each time that answers of this kind were purged
local function fill(key, content_type, body_digest, generations)
    if generations == nil then
        generations = ""
    end
    if not key.is_declared then
        return nil
    end
    local is_shareable = not is_personal(key) and not is_ambiguous(key)
    local text = unpack(
        is_shareable and ({make(key, content_type, body_digest, generations)}) or ({nil}),
        1,
        1
    )
    if text == nil then
        withhold(key)
        return nil
    end
    key.is_declared = request_set_variable(KEY, text)
    if not key.is_declared then
        return nil
    end
    request_set_variable(SKIP, "")
    return text
end
____exports.fill = fill
--- Gives the current request, which has a key, another one: made from that one and the generation. Returns it; nothing if the request has
-- none now. Phases: access.
local function renew(key, former, generation)
    local text = key.digest:of((former .. ":") .. generation)
    if text == nil then
        withhold(key)
        return nil
    end
    key.is_declared = request_set_variable(KEY, text)
    return key.is_declared and text or nil
end
____exports.renew = renew
--- Whether the value of a variable is a part of the keys. Phases: any.
local function has_variable(key, name)
    for ____, one in ipairs(key.variables) do
        if one == name then
            return true
        end
    end
    return false
end
____exports.has_variable = has_variable
--- Makes keys from these options. Phases: init.
local function create(choice)
    local variables = {}
    local known = {}
    local function add(name)
        if not (known[name] ~= nil) then
            variables[#variables + 1] = name
        end
        known[name] = true
    end
    for ____, name in ipairs(OF_REQUEST) do
        add(name)
    end
    for ____, name in ipairs(choice.callers) do
        add(name)
    end
    for ____, name in ipairs(choice.key_variables) do
        add(string_lower(name))
    end
    local credentials = {}
    for ____, name in ipairs(CREDENTIALS) do
        if choice.credentials == "key" then
            add(name)
        end
        if not (known[name] ~= nil) then
            credentials[#credentials + 1] = name
        end
    end
    local headers = {}
    headers[CONTENT_TYPE] = true
    for ____, name in ipairs(variables) do
        if is_header(name) then
            headers[(string_gsub(
                string_sub(name, 6),
                "_",
                "-"
            ))] = true
        end
    end
    return {
        digest = digests_new("sha256"),
        variables = variables,
        credentials = credentials,
        headers = headers,
        is_declared = true
    }
end
____exports.new = create
return ____exports
