local ____exports = {}
local ipairs = ipairs
local string_gsub = string.gsub
local string_lower = string.lower
local string_match = string.match
local addresses = require("resty.openclaw.core.http.address")
local addresses_canonical = addresses.canonical
local delivery_header = require("resty.openclaw.core.request.delivery_header")
local delivery_header_is_there = delivery_header.is_there
local tokens = require("resty.openclaw.core.request.operator_access.token")
local tokens_matches = tokens.matches
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
--- Variables that have a value only if the request was passed on for somebody else, with their names for messages.
local PASSED_ON = {
    {"proxy_protocol_addr", "the PROXY protocol"},
    {"http_forwarded", "a Forwarded header"},
    {"http_x_forwarded_for", "an X-Forwarded-For header"},
    {"http_x_real_ip", "an X-Real-IP header"},
    {"http_via", "a Via header"},
    {"http_origin", "an Origin header"}
}
local BEARER = {status = 401, code = "unauthorized", message = "This needs the token, as Authorization: Bearer."}
local DELIVERY = {status = 403, code = "forbidden", message = "A request that was kept and is delivered later may not do this."}
local BEARER_OR_BASIC = {status = 401, code = "unauthorized", message = "This needs the token, as Authorization: Bearer or as the password of Authorization: Basic."}
local function forbidden(why)
    return {status = 403, code = "forbidden", message = ("Only programs on this machine may do this: " .. why) .. "."}
end
--- Whether an address without a port is a loopback address: 127.0.0.0/8, ::1, or an IPv4 one mapped to IPv6.
local function is_loopback(address)
    local written = addresses_canonical(address)
    if written == nil then
        return false
    end
    local own = string_match(written, "^127%.")
    local mapped = string_match(written, "^%[::ffff:127%.")
    return own ~= nil or mapped ~= nil or written == "[::1]"
end
--- Whether the other end of the connection is on this machine; the address set by the realip module is ignored.
local function is_from_here()
    local address = request_variable("realip_remote_addr") or request_variable("remote_addr") or ""
    return address == "unix:" or is_loopback(address)
end
--- Whether a host, with or without a port, is localhost or a loopback address.
local function is_loopback_host(host)
    if host == nil then
        return false
    end
    local name = (string_gsub(
        string_lower(host),
        ":%d*$",
        ""
    ))
    if name == "localhost" then
        return true
    end
    local in_brackets = string_match(name, "^%[(.*)%]$")
    return is_loopback(in_brackets or name)
end
--- Why a request from this machine is refused; nothing if it is allowed.
local function refusal_of_passed_on()
    for ____, ____value in ipairs(PASSED_ON) do
        local variable = ____value[1]
        local name = ____value[2]
        if request_variable(variable) ~= nil then
            return forbidden("the request has " .. name)
        end
    end
    if not is_loopback_host(request_variable("http_host")) or not is_loopback_host(request_variable("host")) then
        return forbidden("the Host header must be localhost, 127.0.0.1 or [::1]")
    end
    return nil
end
local function refusal_of_stranger()
    if not is_from_here() then
        return forbidden("the request comes from another one")
    end
    return refusal_of_passed_on()
end
--- Why the current request is refused if it was stored and the gateway delivers it now; nothing for any other. Phases: rewrite,
-- access, content.
local function refusal_of_delivery()
    return delivery_header_is_there() and DELIVERY or nil
end
____exports.refusal_of_delivery = refusal_of_delivery
--- Why the current request is refused; nothing if it is allowed. Phases: rewrite, access, content.
-- 
-- @param takes_basic whether the token may be sent as the password of Basic authentication. Only for pages that change nothing,
-- because a browser also sends the password with requests of other web pages
local function refusal(token, faults, takes_basic)
    if takes_basic == nil then
        takes_basic = false
    end
    local of_delivery = refusal_of_delivery()
    if of_delivery ~= nil then
        return of_delivery
    end
    if token == nil then
        return refusal_of_stranger()
    end
    local ok, err = tokens_matches(
        token,
        request_variable("http_authorization"),
        takes_basic
    )
    if err ~= nil then
        faults:report("token", err)
    end
    if ok then
        return nil
    end
    return takes_basic and BEARER_OR_BASIC or BEARER
end
____exports.refusal = refusal
--- As `refusal`, for a page that other machines may read by nginx's `allow` and `deny`: without a token their requests are allowed.
-- Requests from this machine must not be passed on for somebody else. Phases: rewrite, access, content.
local function refusal_on_this_machine(token, faults)
    if token ~= nil then
        return refusal(token, faults, true)
    end
    local of_delivery = refusal_of_delivery()
    if of_delivery ~= nil then
        return of_delivery
    end
    local ____is_from_here_result_0
    if is_from_here() then
        ____is_from_here_result_0 = refusal_of_passed_on()
    else
        ____is_from_here_result_0 = nil
    end
    return ____is_from_here_result_0
end
____exports.refusal_on_this_machine = refusal_on_this_machine
return ____exports
