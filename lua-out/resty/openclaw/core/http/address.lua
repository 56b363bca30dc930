local ____exports = {}
local tonumber = tonumber
local tostring = tostring
local string_find = string.find
local string_match = string.match
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local ffi_string = ffi.string
ffi_cdef("\nint inet_pton(int family, const char *text, void *address);\nconst char *inet_ntop(int family, const void *address, char *text, unsigned int size);\n")
--- From Linux's socket.h.
local AF_INET = 2
local AF_INET6 = 10
--- The longest IPv6 address has 45 letters.
local TEXT_BYTES = 64
local binary = ffi_new("char[16]")
local text = ffi_new(("char[" .. tostring(TEXT_BYTES)) .. "]")
--- An IP address as the system writes it, an IPv6 address within brackets as nginx wants it; nothing when the text is no
-- address. Brackets are not taken. Phases: any. Source: inet_pton(3) and inet_ntop(3).
local function canonical(address)
    local foreign = string_find(address, "[^%x:.]")
    if foreign ~= nil then
        return nil
    end
    local colon = string_find(address, ":", 1, true)
    local family = colon == nil and AF_INET or AF_INET6
    if ffi.C.inet_pton(family, address, binary) ~= 1 then
        return nil
    end
    ffi.C.inet_ntop(family, binary, text, TEXT_BYTES)
    local written = ffi_string(text)
    return colon == nil and written or ("[" .. written) .. "]"
end
____exports.canonical = canonical
--- A port as its decimal digits; nothing when it is none of 1 to 65535. Phases: any.
local function port_number(digits)
    local decimal = string_match(digits, "^0*(%d%d?%d?%d?%d?)$")
    local port = decimal == nil and 0 or tonumber(decimal)
    return port >= 1 and port <= 65535 and port or nil
end
____exports.port_number = port_number
--- "10.0.1.10:8000", "[::1]:8000" or "unix:/path" as host and port, in the system's way of writing; the port of a path
-- is 0, the host of an IPv6 address has its brackets. No host for all else, names too. Phases: any.
local function host_and_port(address)
    if (string_match(address, "^unix:/.")) ~= nil then
        return address, 0
    end
    local plain, plain_digits = string_match(address, "^([%d.]+):(%d+)$")
    local bracketed, bracketed_digits = string_match(address, "^%[(%x*:[%x:.]*)%]:(%d+)$")
    local port = port_number(plain_digits or bracketed_digits or "")
    local host = canonical(plain or bracketed or "")
    if host == nil or port == nil then
        return nil, 0
    end
    return host, port
end
____exports.host_and_port = host_and_port
--- An address from its parts, as `$upstream_addr` shows it. Phases: any.
local function shown(host, port)
    return port == 0 and host or (host .. ":") .. tostring(port)
end
____exports.shown = shown
--- The address that a text stands for, as `$upstream_addr` shows it, and its parts; nothing for all else, names too.
-- Phases: any.
local function parse(written)
    local host, port = host_and_port(written)
    if host == nil then
        return nil, "", 0
    end
    return shown(host, port), host, port
end
____exports.parse = parse
return ____exports
