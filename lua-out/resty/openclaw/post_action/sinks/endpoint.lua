local ____exports = {}
local http_target = require("resty.openclaw.http_client.target")
local read = require("resty.openclaw.options")
--- The options that `tls` reads.
____exports.TLS_OPTIONS = {"ssl_verify", "ssl_server_name"}
local function append(names, more)
    for ____, name in ipairs(more) do
        names[#names + 1] = name
    end
end
--- The names of options in these lists, as one list.
function ____exports.joined(lists)
    local names = {}
    for ____, list in ipairs(lists) do
        append(names, list)
    end
    return names
end
--- A unix socket at the option `path`.
function ____exports.at_path(owner, options)
    local path = read.text(owner, options, "path")
    if not http_target.is_unix_socket("unix:" .. path) then
        read.refuse(owner, "path", "an absolute path, beginning with \"/\"", path)
    end
    return {host = "unix:" .. path, port = 0}
end
--- The options `host` and `port`.
function ____exports.at_host(owner, options, host, port)
    local its_host = read.text(owner, options, "host", host)
    if not http_target.is_host(its_host) then
        read.refuse(owner, "host", "a host name, an IPv4 address or an IPv6 address in brackets", its_host)
    end
    local its_port = read.whole(
        owner,
        options,
        "port",
        1,
        port
    )
    if not http_target.is_port(its_port) then
        read.refuse(owner, "port", "a whole number from 1 to 65535", its_port)
    end
    return {host = its_host, port = its_port}
end
--- A unix socket where `path` is given, else `host` and `port`.
function ____exports.anywhere(owner, options, host, port)
    if options.path == nil then
        return ____exports.at_host(owner, options, host, port)
    end
    if options.host ~= nil or options.port ~= nil then
        error(owner .. ": \"path\" is a unix socket, which has no \"host\" and no \"port\"", 0)
    end
    return ____exports.at_path(owner, options)
end
--- How a TLS server shows who it is.
function ____exports.tls(owner, options, endpoint)
    local ssl_verify = read.flag(owner, options, "ssl_verify", true)
    local name
    if options.ssl_server_name ~= nil then
        name = read.text(owner, options, "ssl_server_name")
    elseif not http_target.is_address(endpoint.host) then
        name = endpoint.host
    end
    if ssl_verify and name == nil then
        read.refuse(owner, "ssl_server_name", "the name in the certificate, as the host is an address", name)
    end
    return {ssl_verify = ssl_verify, ssl_server_name = name}
end
return ____exports
