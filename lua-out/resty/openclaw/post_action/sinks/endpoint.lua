local ____exports = {}
local kinds = require("resty.openclaw.config.kinds")
local problem = require("resty.openclaw.config.problems")
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local http_target = require("resty.openclaw.http_client.target")
--- Adds the problem that this is not a host. What may be a URL with a password is not shown.
function ____exports.add_no_host(problems, path, expected, given)
    local user = string.find(
        tostring(given),
        "@",
        1,
        true
    )
    if user == nil then
        problem.add(problems, path, expected, given)
    else
        problem.add_no_table(problems, path, expected, given)
    end
end
____exports.HOST = {
    name = "host",
    read = function(given, path, problems)
        if type(given) == "string" and http_target.is_host(given) then
            return given
        end
        ____exports.add_no_host(problems, path, "a host name, an IPv4 address or an IPv6 address in brackets", given)
        return ""
    end
}
____exports.PORT = kinds.whole(1, 65535)
--- The path of a unix socket.
____exports.SOCKET_PATH = kinds.of(
    "path",
    "an absolute path, beginning with \"/\"",
    function(given) return type(given) == "string" and http_target.is_unix_socket("unix:" .. given) end
)
--- The default in the documentation where `path` may replace the option.
____exports.UNLESS_PATH = "required, unless `path` is given"
--- The options that `tls` reads.
____exports.TLS_SCHEMA = {
    ssl_verify = option(kinds.flag, true, "with `tls` only: whether the server's certificate must be trusted and match the name"),
    ssl_server_name = computed(kinds.text, "`host`", "with `tls` only: that name; required with an address that is verified")
}
--- Adds to the problems where a sink is given a unix socket and a host.
function ____exports.check_one_place(given, path, problems)
    if given.path == nil or given.host == nil and given.port == nil then
        return
    end
    problems[#problems + 1] = problem.beginning(path) .. " \"path\" is a unix socket, which has no \"host\" and no \"port\""
end
--- As `check_one_place`; adds as well where there is neither of them.
function ____exports.check_place(given, path, problems)
    ____exports.check_one_place(given, path, problems)
    if given.path == nil and given.host == nil then
        ____exports.HOST.read(
            nil,
            problem.child(path, "host"),
            problems
        )
    end
end
--- A unix socket where `path` is given, else `host` and `port`.
function ____exports.of(options)
    if options.path ~= nil then
        return {host = "unix:" .. options.path, port = 0}
    end
    return {host = options.host, port = options.port}
end
--- The TLS settings. Raises where there is no name to verify.
function ____exports.tls(options, endpoint, path)
    local ____options_0 = options
    local ssl_verify = ____options_0.ssl_verify
    local ____http_target_is_address_result_1
    if http_target.is_address(endpoint.host) then
        ____http_target_is_address_result_1 = nil
    else
        ____http_target_is_address_result_1 = endpoint.host
    end
    local host = ____http_target_is_address_result_1
    local name = options.ssl_server_name or host
    if ssl_verify and name == nil then
        local expected = "the name in the certificate, as the host is an address"
        problem.refuse(
            problem.child(path, "ssl_server_name"),
            expected,
            name
        )
    end
    return {ssl_verify = ssl_verify, ssl_server_name = name}
end
return ____exports
