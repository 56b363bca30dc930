local ____exports = {}
local tostring = tostring
local type = type
local string_find = string.find
local kinds = require("resty.openclaw.config.kinds")
local kinds_of = kinds.of
local kinds_whole = kinds.whole
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local problem_add_no_table = problem.add_no_table
local problem_beginning = problem.beginning
local problem_child = problem.child
local problem_refuse = problem.refuse
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local http_target = require("resty.openclaw.http_client.target")
local http_target_is_address = http_target.is_address
local http_target_is_host = http_target.is_host
local http_target_is_unix_socket = http_target.is_unix_socket
--- Adds the problem that this is not a host. What may be a URL with a password is not shown.
local function add_no_host(problems, path, expected, given)
    local user = string_find(
        tostring(given),
        "@",
        1,
        true
    )
    if user == nil then
        problem_add(problems, path, expected, given)
    else
        problem_add_no_table(problems, path, expected, given)
    end
end
____exports.add_no_host = add_no_host
local HOST = {
    name = "host",
    read = function(given, path, problems)
        if type(given) == "string" and http_target_is_host(given) then
            return given
        end
        add_no_host(problems, path, "a host name, an IPv4 address or an IPv6 address in brackets", given)
        return ""
    end
}
____exports.HOST = HOST
local PORT = kinds_whole(1, 65535)
____exports.PORT = PORT
--- The path of a unix socket.
local SOCKET_PATH = kinds_of(
    "path",
    "an absolute path, beginning with \"/\"",
    function(given) return type(given) == "string" and http_target_is_unix_socket("unix:" .. given) end
)
____exports.SOCKET_PATH = SOCKET_PATH
--- The default in the documentation where `path` may replace the option.
local UNLESS_PATH = "required, unless `path` is given"
____exports.UNLESS_PATH = UNLESS_PATH
--- The options that `tls` reads.
local TLS_SCHEMA = {
    ssl_verify = option(kinds.flag, true, "with `tls` only: whether the server's certificate must be trusted and match the name"),
    ssl_server_name = computed(kinds.text, "`host`", "with `tls` only: that name; required with an address that is verified")
}
____exports.TLS_SCHEMA = TLS_SCHEMA
--- Adds to the problems where both a unix socket and a host are given.
local function check_one_place(given, path, problems)
    if given.path == nil or given.host == nil and given.port == nil then
        return
    end
    problems[#problems + 1] = problem_beginning(path) .. " \"path\" is a unix socket, which has no \"host\" and no \"port\""
end
____exports.check_one_place = check_one_place
--- As `check_one_place`; adds as well where there is neither of them.
local function check_place(given, path, problems)
    check_one_place(given, path, problems)
    if given.path == nil and given.host == nil then
        HOST.read(
            nil,
            problem_child(path, "host"),
            problems
        )
    end
end
____exports.check_place = check_place
--- A unix socket where `path` is given, else `host` and `port`.
local function of(options)
    if options.path ~= nil then
        return {host = "unix:" .. options.path, port = 0}
    end
    return {host = options.host, port = options.port}
end
____exports.of = of
--- The TLS settings. Raises where there is no name to verify.
local function tls(options, endpoint, path)
    local ____options_0 = options
    local ssl_verify = ____options_0.ssl_verify
    local ____http_target_is_address_result_1
    if http_target_is_address(endpoint.host) then
        ____http_target_is_address_result_1 = nil
    else
        ____http_target_is_address_result_1 = endpoint.host
    end
    local host = ____http_target_is_address_result_1
    local name = options.ssl_server_name or host
    if ssl_verify and name == nil then
        local expected = "the name in the certificate, as the host is an address"
        problem_refuse(
            problem_child(path, "ssl_server_name"),
            expected,
            name
        )
    end
    return {ssl_verify = ssl_verify, ssl_server_name = name}
end
____exports.tls = tls
return ____exports
