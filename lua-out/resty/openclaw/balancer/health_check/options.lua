local ____exports = {}
local http_client = require("resty.openclaw.http_client")
local read = require("resty.openclaw.options")
local texts = require("resty.openclaw.text")
local tls = require("resty.openclaw.balancer.health_check.tls")
local OPTIONS = {
    "type",
    "uri",
    "interval",
    "jitter",
    "timeout",
    "fails",
    "passes",
    "status",
    "body",
    "port",
    "host",
    "ssl",
    "ssl_verify",
    "ssl_server_name"
}
local HTTP_OPTIONS = {
    "uri",
    "status",
    "body",
    "host",
    "ssl",
    "ssl_verify",
    "ssl_server_name"
}
local DEFAULT_STATUS = "200-399"
local LOWEST_STATUS = 100
local HIGHEST_STATUS = 599
--- Adds the statuses of "200-299" or "401" to those that are expected; false when the text is neither.
local function add_range(expected, range)
    local first, last = string.match(range, "^%s*(%d+)%s*$")
    if first == nil then
        first, last = string.match(range, "^%s*(%d+)%s*-%s*(%d+)%s*$")
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
--- Adds what one entry says: a number, or a text of statuses and ranges with commas in between.
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
    for ____, range in ipairs(texts.split(entry, ",")) do
        if not add_range(expected, range) then
            return false
        end
    end
    return true
end
local function read_status(owner, options)
    local expected = {}
    local ____options_status_0 = options.status
    if ____options_status_0 == nil then
        ____options_status_0 = DEFAULT_STATUS
    end
    local given = ____options_status_0
    local entries = type(given) == "table" and read.list(owner, options, "status") or ({given})
    for ____, entry in ipairs(entries) do
        if not add_statuses(expected, entry) then
            read.refuse(owner, "status", "statuses from 100 to 599, as in \"200-299,401\"", entry)
        end
    end
    return expected
end
local function read_uri(owner, options)
    local uri = read.text(owner, options, "uri", "/")
    local target = http_client.parse_url("http://node" .. uri)
    if target == nil or target.path ~= uri then
        read.refuse(owner, "uri", "a path that begins with \"/\", without blanks", uri)
    end
    return uri
end
local function read_headers(owner, options)
    if options.host == nil then
        return {}
    end
    local host = read.text(owner, options, "host")
    if http_client.header_fault("Host", host) ~= nil then
        read.refuse(owner, "host", "a text without control characters", host)
    end
    return {Host = host}
end
local function read_body(owner, options)
    if options.body == nil then
        return nil
    end
    return read.text(owner, options, "body")
end
local function read_port(owner, options)
    if options.port == nil then
        return nil
    end
    local port = read.whole(owner, options, "port", 1)
    if port > 65535 then
        read.refuse(owner, "port", "a whole number from 1 to 65535", port)
    end
    return port
end
--- The settings that the options describe. Phases: init. Raises when an option is wrong.
function ____exports.read_settings(owner, options, busy_statuses)
    read.check(owner, options, OPTIONS)
    local kind = read.one_of(
        owner,
        options,
        "type",
        {"http", "tcp"},
        "http"
    )
    for ____, name in ipairs(HTTP_OPTIONS) do
        if kind == "tcp" and options[name] ~= nil then
            read.refuse(owner, name, "nothing where \"type\" is \"tcp\"", options[name])
        end
    end
    local ____tls_read_tls_result_1 = tls.read_tls(owner, options)
    local ssl = ____tls_read_tls_result_1.ssl
    local ssl_verify = ____tls_read_tls_result_1.ssl_verify
    local ssl_server_name = ____tls_read_tls_result_1.ssl_server_name
    return {
        type = kind,
        uri = read_uri(owner, options),
        interval_seconds = read.positive(owner, options, "interval", 10),
        jitter = read.share(owner, options, "jitter", 0.1),
        timeout_seconds = read.positive(owner, options, "timeout", 2),
        fails = read.whole(
            owner,
            options,
            "fails",
            1,
            3
        ),
        passes = read.whole(
            owner,
            options,
            "passes",
            1,
            2
        ),
        expected = read_status(owner, options),
        busy_statuses = busy_statuses,
        body = read_body(owner, options),
        port = read_port(owner, options),
        headers = read_headers(owner, options),
        ssl = ssl,
        ssl_verify = ssl_verify,
        ssl_server_name = ssl_server_name
    }
end
return ____exports
