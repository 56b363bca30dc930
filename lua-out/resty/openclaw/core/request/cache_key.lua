local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local string_lower = string.lower
local string_buffer = require("string.buffer")
local string_buffer_new = string_buffer.new
local digests = require("resty.openclaw.core.bytes.digest")
local digests_new = digests.new
local digests_update = digests.update
local request = require("resty.openclaw.core.request.request")
local request_bytes_of = request.bytes_of
local request_set_variable = request.set_variable
local request_variable = request.variable
local request_headers = require("resty.openclaw.core.request.request_headers")
local request_headers_has = request_headers.has
local request_headers_has_several = request_headers.has_several
local request_headers_look = request_headers.look
local request_headers_name_of = request_headers.name_of
local request_headers_value_of = request_headers.value_of
local request_headers_want = request_headers.want
--- What keys are made of, and how: another number gives other keys.
local VERSION = "2"
--- The first part, as all others: its length and itself.
local VERSION_PART = (tostring(#VERSION) .. ":") .. VERSION
--- In place of the digest of a body, which begins otherwise.
local NO_BODY = "near "
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
    "openclaw_route",
    "openclaw_variant"
}
--- As said there. Most requests do not have them; nginx would look for each.
local OF_HEADERS = {"content-encoding", "accept"}
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
local IDENTITY = "x-openclaw-identity"
--- The text of the key; reused by all requests: no function yields while it is in use.
local text = string_buffer_new()
--- How the parts of common lengths begin: writing a number takes longer than all the rest.
local BEGINNINGS = {}
local COMMON_BYTES = 128
for bytes = 0, COMMON_BYTES do
    BEGINNINGS[#BEGINNINGS + 1] = (":" .. tostring(bytes)) .. ":"
end
local MISSING = ":-:"
local function begin_part(bytes)
    if bytes <= COMMON_BYTES then
        text:put(BEGINNINGS[bytes + 1])
    else
        text:put(":", bytes, ":")
    end
end
--- Adds a part. A missing value and an empty one must differ.
local function add_text(value)
    if value == nil then
        text:put(MISSING)
        return
    end
    begin_part(#value)
    text:put(value)
end
--- Adds the value of a variable, without a Lua string of it.
local function add_variable(name)
    local memory, count = request_bytes_of(name)
    if memory == nil then
        text:put(MISSING)
        return
    end
    begin_part(count)
    text:putcdata(memory, count)
end
--- The key of the current request. On failure nil and why.
local function make(key, content_type, body_digest, generations)
    text:reset():put(VERSION_PART)
    for ____, name in ipairs(key.variables) do
        add_variable(name)
    end
    for ____, name in ipairs(OF_HEADERS) do
        add_text(request_headers_value_of(name))
    end
    add_text(content_type)
    add_text(body_digest)
    add_text(generations)
    local memory, count = text:ref()
    local context = key.digest:begin()
    digests_update(context, memory, count)
    return key.digest:finish(context)
end
--- Whether a header of the key was sent twice, or with `_` instead of `-`, which nginx treats as the same header, while nginx's
-- variable shows only one of them.
local function is_ambiguous(key, header_count)
    if ngx.config.nginx_version >= JOINS_HEADERS_FROM then
        return false
    end
    if header_count > MOST_HEADERS then
        return true
    end
    for ____, name in ipairs(key.headers) do
        if request_headers_has_several(name) then
            return true
        end
    end
    return false
end
--- Whether the request has credentials or an identity that are not part of the key.
local function is_personal(key)
    for ____, name in ipairs(key.credentials) do
        if request_headers_has(name) then
            return true
        end
    end
    return request_headers_has(IDENTITY) and (request_variable("openclaw_identity") or "") == ""
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
local function withheld(key)
    withhold(key)
    return nil
end
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
    local header_count = request_headers_look()
    if is_personal(key) or is_ambiguous(key, header_count) then
        return withheld(key)
    end
    local made = make(key, content_type, body_digest, generations)
    if made == nil then
        return withheld(key)
    end
    key.is_declared = request_set_variable(KEY, made)
    if not key.is_declared then
        return nil
    end
    request_set_variable(SKIP, "")
    return made
end
____exports.fill = fill
--- What the keys have in common of requests that differ in nothing but their body, and of which the rest is the same: `rest` is what counts of
-- the body. Never the same as a key. Nothing if there is no digest. Phases: access, after `fill` has made a key.
local function without_body(key, content_type, rest, generations)
    local made = make(key, content_type, NO_BODY .. rest, generations)
    return made
end
____exports.without_body = without_body
--- Gives the current request, which has a key, another one: made from that one and the generation. Returns it; nothing if the request has
-- none now. Phases: access.
local function renew(key, former, generation)
    local made = key.digest:of((former .. ":") .. generation)
    if made == nil then
        return withheld(key)
    end
    key.is_declared = request_set_variable(KEY, made)
    return key.is_declared and made or nil
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
            credentials[#credentials + 1] = request_headers_name_of(name)
        end
    end
    local headers = {CONTENT_TYPE}
    for ____, name in ipairs(OF_HEADERS) do
        headers[#headers + 1] = name
    end
    for ____, name in ipairs(variables) do
        local header = request_headers_name_of(name)
        if header ~= nil then
            headers[#headers + 1] = header
        end
    end
    for ____, name in ipairs(credentials) do
        request_headers_want(name)
    end
    for ____, name in ipairs(headers) do
        request_headers_want(name)
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
request_headers_want(IDENTITY)
return ____exports
