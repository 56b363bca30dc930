local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local tostring = tostring
local type = type
local string_lower = string.lower
local string_match = string.match
local table_concat = table.concat
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_whole = kinds.whole
local problem = require("resty.openclaw.config.problems")
local problem_beginning = problem.beginning
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local names = ____schema.names
local option = ____schema.option
local optional = ____schema.optional
local table_of = ____schema.table_of
local endpoints = require("resty.openclaw.http_client.endpoint")
local endpoints_HOST = endpoints.HOST
local endpoints_PORT = endpoints.PORT
local endpoints_SOCKET_PATH = endpoints.SOCKET_PATH
local endpoints_add_no_host = endpoints.add_no_host
local endpoints_check_one_place = endpoints.check_one_place
local http_target = require("resty.openclaw.http_client.target")
local http_target_is_host = http_target.is_host
local http_target_is_port = http_target.is_port
local PORT = 6379
--- A secret in the configuration. An invalid one is not shown.
local PASSWORD = {
    name = "string",
    read = function(given, path, problems)
        if type(given) ~= "string" or given == "" then
            problems[#problems + 1] = path .. " must be a non-empty string"
        end
        return given
    end
}
--- A host with its port.
local HOST_AND_PORT = {
    name = "string",
    read = function(given, path, problems)
        local host, digits = string_match(
            type(given) == "string" and given or "",
            "^(.+):(%d+)$"
        )
        local port = tonumber(digits) or 0
        if host == nil or not http_target_is_host(host) or not http_target_is_port(port) then
            endpoints_add_no_host(problems, path, "a host with its port, like \"10.0.0.1:6379\"", given)
            return {host = "", port = port}
        end
        return {
            host = string_lower(host),
            port = port
        }
    end
}
local SCHEMA = {
    host = option(endpoints_HOST, "127.0.0.1", "a name, an IPv4 address, or an IPv6 address in brackets"),
    port = option(endpoints_PORT, PORT, "its port"),
    path = optional(endpoints_SOCKET_PATH, "a unix socket instead"),
    username = optional(kinds.text, "user name; without it, the default user"),
    password = optional(PASSWORD, "the password, which is never logged"),
    password_file = optional(kinds.secret_file, "the absolute path of a file whose first line is the password, read anew at most once a second; workers must be able to read it, and not all users may"),
    hosts = optional(
        kinds_list_of(HOST_AND_PORT),
        "instead of `host` and `port`: `{ \"10.0.0.1:6379\", \"10.0.0.2:6379\" }`, the nodes of a cluster, or a server and its replicas"
    ),
    database = option(
        kinds_whole(0),
        0,
        "the database; a cluster has only 0"
    ),
    ssl = option(kinds.flag, false, "whether to use TLS"),
    ssl_verify = option(kinds.flag, true, "whether the server's certificate must be trusted and match the name"),
    ssl_server_name = computed(kinds.text, "`host`", "that name; required with an address that is verified"),
    connect_seconds = option(kinds.positive, 1, "timeout for connecting"),
    timeout_seconds = option(kinds.positive, 5, "timeout of one attempt"),
    keepalive_seconds = option(kinds.positive, 60, "how long an idle connection is kept; connections are shared only with equal credentials")
}
____exports.SCHEMA = SCHEMA
--- Adds to the problems where options contradict each other. Phases: init.
local function check(given, path, problems)
    local ____given_0 = given
    local hosts = ____given_0.hosts
    local username = ____given_0.username
    local password = ____given_0.password
    local password_file = ____given_0.password_file
    local beginning = problem_beginning(path)
    if hosts == nil then
        endpoints_check_one_place(given, path, problems)
    elseif given.host ~= nil or given.port ~= nil or given.path ~= nil then
        problems[#problems + 1] = beginning .. " \"hosts\" names all of them, so there is no \"host\", \"port\" or \"path\" beside it"
    end
    if password ~= nil and password_file ~= nil then
        problems[#problems + 1] = beginning .. " \"password\" and \"password_file\" cannot both be given"
    end
    if username ~= nil and password == nil and password_file == nil then
        problems[#problems + 1] = beginning .. " \"username\" needs \"password\" or \"password_file\""
    end
end
____exports.check = check
--- A kind: a table with these options, which have those of Redis among them; with what contradicts each other.
local function kind_of(schema)
    local ____table = table_of(schema)
    return {
        name = ____table.name,
        schema = schema,
        read = function(given, path, problems)
            if type(given) == "table" then
                check(given, path, problems)
            end
            return ____table.read(given, path, problems)
        end
    }
end
____exports.kind_of = kind_of
--- A text that is the same for equal options of a schema that has these, and shows no secret. Phases: init.
local function fingerprint(options, schema)
    local parts = {}
    for ____, name in ipairs(names(schema)) do
        local value = options[name]
        if name ~= "hosts" then
            parts[#parts + 1] = (name .. "=") .. tostring(value)
        end
    end
    for ____, ____value in ipairs(options.hosts or ({})) do
        local host = ____value.host
        local port = ____value.port
        parts[#parts + 1] = (host .. ":") .. tostring(port)
    end
    return ngx.md5(table_concat(parts, "\n"))
end
____exports.fingerprint = fingerprint
--- Where Redis is, for the log: "10.0.2.5:6379", with `hosts` all of them, or "unix:/path". Phases: init.
local function address(____bindingPattern0)
    local hosts
    local path
    local port
    local host
    host = ____bindingPattern0.host
    port = ____bindingPattern0.port
    path = ____bindingPattern0.path
    hosts = ____bindingPattern0.hosts
    if path ~= nil then
        return "unix:" .. path
    end
    local all = {}
    for ____, its in ipairs(hosts or ({{host = host, port = port}})) do
        all[#all + 1] = (its.host .. ":") .. tostring(its.port)
    end
    return (table_concat(all, ", "))
end
____exports.address = address
return ____exports
