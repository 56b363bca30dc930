local ____exports = {}
local tonumber = tonumber
local string_byte = string.byte
local string_find = string.find
local string_match = string.match
--- Whether a text may be the path of a request: it begins with "/", without blanks, fragment or control characters. Phases: any.
local function is_path(text)
    local legal = string_find(text, "^/[^%c #]*$")
    return legal ~= nil
end
____exports.is_path = is_path
--- Whether a host is a unix socket, which has no port. Phases: any.
local function is_unix_socket(host)
    local found = string_find(host, "^unix:/[^%c]+$")
    return found ~= nil
end
____exports.is_unix_socket = is_unix_socket
--- Whether a host is an address, which may not be sent as SNI (RFC 6066, section 3). Phases: any.
local function is_address(host)
    local ipv4 = string_find(host, "^%d+%.%d+%.%d+%.%d+$")
    return ipv4 ~= nil or string_byte(host) == string_byte("[") or is_unix_socket(host)
end
____exports.is_address = is_address
--- Whether a text is a valid host: a name, an IPv4 address, or an IPv6 address in brackets. Phases: any.
local function is_host(text)
    local named = string_find(text, "^[%w_][%w._-]*$")
    if named ~= nil then
        return true
    end
    local bracketed = string_find(text, "^%[[%x:.]+%]$")
    return bracketed ~= nil
end
____exports.is_host = is_host
--- Why a socket was not connected, with what to do where nginx cannot look names up. Phases: any.
local function with_remedy(err)
    if err == nil then
        return nil
    end
    local found = string_find(err, "no resolver defined", 1, true)
    return found == nil and err or err .. "; add the directive resolver to http in nginx.conf, or give an address"
end
____exports.with_remedy = with_remedy
--- Whether a number is a valid port. Phases: any.
local function is_port(port)
    return port >= 1 and port <= 65535 and port % 1 == 0
end
____exports.is_port = is_port
--- The parts of a URL. Fragments, user names and passwords are rejected; credentials belong in a header. Phases: any. On
-- failure nil and why; the message never contains the URL, which may contain secrets.
local function parse(url)
    local scheme, authority, rest = string_match(url, "^(https?)://([^/?#]+)(.*)$")
    if scheme == nil then
        return nil, "no http:// or https:// before a host"
    end
    local user = string_find(authority, "@", 1, true)
    if user ~= nil then
        return nil, "a user name or password in the URL"
    end
    local host, port = string_match(authority, "^(.-):(%d+)$")
    if host == nil or string_byte(host) == string_byte("[") then
        host, port = string_match(authority, "^(%[.*%]):?(%d*)$")
    end
    host = host or authority
    if not is_host(host) then
        return nil, "no legal host in the URL"
    end
    local default_port = scheme == "https" and 443 or 80
    local number = (port == nil or port == "") and default_port or tonumber(port)
    if not is_port(number) then
        return nil, "no legal port in the URL"
    end
    local path = rest
    if string_byte(path) ~= string_byte("/") then
        path = "/" .. path
    end
    if not is_path(path) then
        return nil, "a blank, a control character or a fragment in the URL's path"
    end
    return {scheme = scheme, host = host, port = number, path = path}
end
____exports.parse = parse
return ____exports
