local ____exports = {}
--- Whether a text may be the path of a request: it begins with "/", without blanks, fragment or control characters. Phases: any.
function ____exports.is_path(text)
    local legal = string.find(text, "^/[^%c #]*$")
    return legal ~= nil
end
--- Whether a host is a unix socket, which has no port. Phases: any.
function ____exports.is_unix_socket(host)
    local found = string.find(host, "^unix:/[^%c]+$")
    return found ~= nil
end
--- Whether a host is an address, which may not be sent as SNI (RFC 6066, section 3). Phases: any.
function ____exports.is_address(host)
    local ipv4 = string.find(host, "^%d+%.%d+%.%d+%.%d+$")
    return ipv4 ~= nil or string.byte(host) == string.byte("[") or ____exports.is_unix_socket(host)
end
--- Whether a text is a valid host: a name, an IPv4 address, or an IPv6 address in brackets. Phases: any.
function ____exports.is_host(text)
    local named = string.find(text, "^[%w_][%w._-]*$")
    if named ~= nil then
        return true
    end
    local bracketed = string.find(text, "^%[[%x:.]+%]$")
    return bracketed ~= nil
end
--- Whether a number is a valid port. Phases: any.
function ____exports.is_port(port)
    return port >= 1 and port <= 65535 and port % 1 == 0
end
--- The parts of a URL. Fragments, user names and passwords are rejected; credentials belong in a header. Phases: any. On
-- failure nil and why; the message never contains the URL, which may contain secrets.
function ____exports.parse(url)
    local scheme, authority, rest = string.match(url, "^(https?)://([^/?#]+)(.*)$")
    if scheme == nil then
        return nil, "no http:// or https:// before a host"
    end
    local user = string.find(authority, "@", 1, true)
    if user ~= nil then
        return nil, "a user name or password in the URL"
    end
    local host, port = string.match(authority, "^(.-):(%d+)$")
    if host == nil or string.byte(host) == string.byte("[") then
        host, port = string.match(authority, "^(%[.*%]):?(%d*)$")
    end
    host = host or authority
    if not ____exports.is_host(host) then
        return nil, "no legal host in the URL"
    end
    local default_port = scheme == "https" and 443 or 80
    local number = (port == nil or port == "") and default_port or tonumber(port)
    if not ____exports.is_port(number) then
        return nil, "no legal port in the URL"
    end
    local path = rest
    if string.byte(path) ~= string.byte("/") then
        path = "/" .. path
    end
    if not ____exports.is_path(path) then
        return nil, "a blank, a control character or a fragment in the URL's path"
    end
    return {scheme = scheme, host = host, port = number, path = path}
end
return ____exports
