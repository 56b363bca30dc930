local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local tostring = tostring
local type = type
local string_match = string.match
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_of = kinds.of
local kinds_one_of = kinds.one_of
local kinds_whole = kinds.whole
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local schemas = require("resty.openclaw.config.schema")
local schemas_read = schemas.read
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local optional = ____schema.optional
local texts = require("resty.openclaw.core.text.text")
local texts_split = texts.split
local http_client = require("resty.openclaw.http_client")
local http_client_header_fault = http_client.header_fault
local http_client_parse_url = http_client.parse_url
local tls = require("resty.openclaw.balancer.health_check.tls")
local tls_SERVER_NAME = tls.SERVER_NAME
local tls_add_useless = tls.add_useless
local tls_check_names = tls.check_names
local HTTP_OPTIONS = {
    "uri",
    "status",
    "body",
    "host",
    "ssl",
    "ssl_verify",
    "ssl_server_name"
}
local LOWEST_STATUS = 100
local HIGHEST_STATUS = 599
--- Adds the statuses of "200-299" or "401" to the expected ones. False if the text is neither.
local function add_range(expected, range)
    local first, last = string_match(range, "^%s*(%d+)%s*$")
    if first == nil then
        first, last = string_match(range, "^%s*(%d+)%s*-%s*(%d+)%s*$")
    end
    if first == nil then
        return false
    end
    local from = tonumber(first)
    local to = tonumber(last or first)
    if from < LOWEST_STATUS or from > to or to > HIGHEST_STATUS then
        return false
    end
    for status = from, to do
        expected[status] = true
    end
    return true
end
--- Adds the statuses of an entry: a number, or a string of statuses and ranges separated by commas.
local function add_statuses(expected, entry)
    if type(entry) == "number" then
        return add_range(
            expected,
            tostring(entry)
        )
    end
    if type(entry) ~= "string" then
        return false
    end
    for ____, range in ipairs(texts_split(entry, ",")) do
        if not add_range(expected, range) then
            return false
        end
    end
    return true
end
local STATUSES = kinds_of(
    "string",
    "statuses from 100 to 599, as in \"200-299,401\"",
    function(given) return add_statuses({}, given) end
)
local STATUS_LIST = kinds_list_of(STATUSES)
--- Statuses as a string, a number, or a list of these, unchanged.
local STATUS = {
    name = "string, number or list",
    read = function(given, path, problems) return type(given) == "table" and STATUS_LIST.read(given, path, problems) or STATUSES.read(given, path, problems) end
}
local function is_uri(given)
    if type(given) ~= "string" or given == "" then
        return false
    end
    local target = http_client_parse_url("http://node" .. given)
    return (target and target.path) == given
end
local URI = kinds_of("string", "a path that begins with \"/\", without blanks", is_uri)
local HOST = kinds_of(
    "string",
    "a non-empty string without control characters",
    function(given) return type(given) == "string" and given ~= "" and http_client_header_fault("Host", given) == nil end
)
local SCHEMA = {
    type = option(
        kinds_one_of("http", "tcp"),
        "http",
        "`tcp`: a node that accepts a connection passes"
    ),
    uri = option(URI, "/", "path and query of the GET request"),
    interval = option(kinds.positive, 10, "seconds from the start of one check of a node to the start of the next"),
    jitter = option(kinds.share, 0.1, "the share of the interval by which each wait is shorter or longer, at random"),
    timeout = option(kinds.positive, 2, "timeout of a check in seconds; may exceed the interval"),
    fails = option(
        kinds_whole(1),
        3,
        "failures in a row that take a node down"
    ),
    passes = option(
        kinds_whole(1),
        2,
        "passes in a row that bring it back"
    ),
    status = option(STATUS, "200-399", "the statuses that pass: `200`, `\"200-299,401\"`, `{ 200, \"300-399\" }`"),
    body = optional(kinds.text, "string that must be in the first 64 KiB of the response body"),
    port = computed(
        kinds_whole(1, 65535),
        "the node's",
        "port of the check; not for unix sockets"
    ),
    host = computed(HOST, "the node's name or address", "the `Host` header; `localhost` for a unix socket"),
    ssl = computed(kinds.flag, "true if the port is 443", "whether checks use TLS"),
    ssl_verify = option(kinds.flag, true, "whether the certificate must be trusted (by `lua_ssl_trusted_certificate`) and match the name"),
    ssl_server_name = computed(tls_SERVER_NAME, "the node's [name](#the-name-of-nodes)", "the name for SNI and for the certificate of all nodes")
}
____exports.SCHEMA = SCHEMA
--- Adds to the problems the options that would have no effect.
local function add_useless(given, path, problems)
    tls_add_useless(given, path, problems)
    if given.type ~= "tcp" then
        return
    end
    for ____, name in ipairs(HTTP_OPTIONS) do
        local value = given[name]
        if value ~= nil then
            problem_add(problems, (path .. ".") .. name, "nothing where type is \"tcp\"", value)
        end
    end
end
--- The option `health_check` of an upstream.
local HEALTH_CHECK = {
    name = "table",
    read = function(given, path, problems)
        local options = schemas_read(SCHEMA, given, path, problems)
        if options ~= nil then
            add_useless(given, path, problems)
        end
        return options
    end
}
____exports.HEALTH_CHECK = HEALTH_CHECK
--- Adds a problem if a node's certificate cannot be verified; `path`: that of the health check. Phases: init.
local function check_names(options, nodes, path, problems)
    if options.type == "http" then
        tls_check_names(
            options,
            options.port,
            nodes,
            path,
            problems
        )
    end
end
____exports.check_names = check_names
local function expected_of(status)
    local expected = {}
    local entries = type(status) == "table" and status or ({status})
    for ____, entry in ipairs(entries) do
        add_statuses(expected, entry)
    end
    return expected
end
--- The settings that the options describe. Phases: init.
local function settings_of(options, busy_statuses)
    local ____options_2 = options
    local host = ____options_2.host
    return {
        type = options.type,
        uri = options.uri,
        interval_seconds = options.interval,
        jitter = options.jitter,
        timeout_seconds = options.timeout,
        fails = options.fails,
        passes = options.passes,
        expected = expected_of(options.status),
        busy_statuses = busy_statuses,
        body = options.body,
        port = options.port,
        headers = host == nil and ({}) or ({Host = host}),
        ssl = options.ssl,
        ssl_verify = options.ssl_verify,
        ssl_server_name = options.ssl_server_name
    }
end
____exports.settings_of = settings_of
return ____exports
