local ____exports = {}
local pairs = pairs
local tostring = tostring
local type = type
local string_find = string.find
local string_lower = string.lower
local table_concat = table.concat
--- A token (RFC 9110, section 5.6.2): a method or a header name.
local TOKEN = "^[%w!#$%%&'*+.^_`|~-]+$"
--- Headers about the message's framing, which callers may not set.
local FRAMING = {}
FRAMING.connection = true
FRAMING["content-length"] = true
FRAMING.expect = true
FRAMING.te = true
FRAMING.trailer = true
FRAMING["transfer-encoding"] = true
FRAMING.upgrade = true
local function is_token(text)
    local legal = string_find(text, TOKEN)
    return legal ~= nil
end
--- Whether a method may be sent: any token except CONNECT, which opens a tunnel. Phases: any.
local function is_method(method)
    return is_token(method) and method ~= "CONNECT"
end
____exports.is_method = is_method
--- Why a header may not be sent, or nothing. Phases: any. The reason never contains the value.
local function header_fault(name, value)
    if type(name) ~= "string" or not is_token(name) then
        return "a header name is not a token"
    end
    if FRAMING[string_lower(name)] ~= nil then
        return ("header " .. name) .. " is set by the client alone"
    end
    if type(value) ~= "string" and type(value) ~= "number" then
        return ("header " .. name) .. " must be a string or a number"
    end
    local odd = string_find(
        tostring(value),
        "[^%C\t]"
    )
    if odd ~= nil then
        return ("header " .. name) .. " has a control character in it"
    end
    return nil
end
____exports.header_fault = header_fault
--- The request without its body, which has `body_bytes`. `host`: the value of the Host header, unless `headers` has one. Phases: any. On
-- failure nil and why.
local function head(method, path, host, keep, headers, body_bytes)
    local parts = {method, " ", path, " HTTP/1.1\r\n"}
    local has_host = false
    local has_agent = false
    if headers ~= nil then
        for name, value in pairs(headers) do
            local fault = header_fault(name, value)
            if fault ~= nil then
                return nil, fault
            end
            local lower = string_lower(name)
            if lower == "host" then
                has_host = true
            end
            if lower == "user-agent" then
                has_agent = true
            end
            parts[#parts + 1] = name
            parts[#parts + 1] = ": "
            parts[#parts + 1] = tostring(value)
            parts[#parts + 1] = "\r\n"
        end
    end
    if not has_host then
        parts[#parts + 1] = "Host: "
        parts[#parts + 1] = host
        parts[#parts + 1] = "\r\n"
    end
    if not has_agent then
        parts[#parts + 1] = "User-Agent: lua-resty-openclaw\r\n"
    end
    if not keep then
        parts[#parts + 1] = "Connection: close\r\n"
    end
    if body_bytes ~= nil or method == "POST" or method == "PUT" or method == "PATCH" then
        parts[#parts + 1] = "Content-Length: "
        parts[#parts + 1] = tostring(body_bytes or 0)
        parts[#parts + 1] = "\r\n"
    end
    parts[#parts + 1] = "\r\n"
    return (table_concat(parts))
end
____exports.head = head
return ____exports
