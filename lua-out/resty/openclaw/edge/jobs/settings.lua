local ____exports = {}
local addresses = require("resty.openclaw.address")
local http_client = require("resty.openclaw.http_client")
local options = require("resty.openclaw.options")
--- All that `read` knows.
____exports.OPTIONS = {
    "store",
    "through",
    "methods",
    "headers",
    "max_body_bytes",
    "max_bytes",
    "max_jobs",
    "client_share",
    "max_age_seconds",
    "keep_seconds",
    "max_answer_bytes",
    "reserve_bytes",
    "rate",
    "concurrency",
    "max_tries",
    "attempts",
    "timeout_seconds",
    "callback_hosts",
    "callback_plain",
    "thread_pool"
}
--- What an answer takes on the disk beside its body, at most as a rule.
____exports.ANSWER_HEAD_BYTES = 4096
local KIB = 1024
local MIB = 1024 * KIB
--- What says how to read the request and its answer. Who asks is said by headers that must be named.
local HEADERS = {
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Accept",
    "Accept-Language",
    "Idempotency-Key"
}
--- A path from the root, without a slash at its end.
local function read_store(owner, given)
    local folder = options.text(owner, given, "store")
    local legal = string.find(folder, "^/[^%c]*[^%c/]$")
    if legal == nil then
        options.refuse(owner, "store", "the path of a folder from the root", folder)
    end
    return folder
end
--- Only what is on this machine gets the mark of deliveries.
local function is_here(host)
    local unix = string.find(host, "^unix:/[^%c]+$")
    local loopback = string.find(
        addresses.canonical(host) or "",
        "^127%."
    )
    return unix ~= nil or loopback ~= nil or host == "[::1]" or host == "localhost"
end
local function read_through(owner, given)
    local url = options.text(owner, given, "through")
    local socket = string.match(url, "^http://(unix:/[^:]+):?$")
    if socket ~= nil then
        return socket, 0
    end
    local target = http_client.parse_url(url)
    if (target and target.scheme) ~= "http" or target.path ~= "/" or not is_here(target.host) then
        local expected = "\"http://127.0.0.1:PORT\" or \"http://unix:/PATH\", where this gateway listens"
        options.refuse(owner, "through", expected, url)
    end
    return target.host, target.port
end
local function texts(owner, given, name, fallback)
    local read = {}
    if given[name] == nil then
        return fallback
    end
    if type(given[name]) ~= "table" then
        options.refuse(owner, name, "a list of texts", given[name])
    end
    for ____, text in ipairs(given[name]) do
        if type(text) ~= "string" or text == "" then
            options.refuse(owner, name, "a list of texts", text)
        end
        read[#read + 1] = text
    end
    return read
end
local function read_methods(owner, given)
    local methods = {}
    for ____, method in ipairs(texts(owner, given, "methods", {"POST"})) do
        local legal = string.find(method, "^%u+$")
        if legal == nil or method == "CONNECT" then
            options.refuse(owner, "methods", "methods like \"POST\"", method)
        end
        methods[method] = true
    end
    return methods
end
--- Why a header cannot be kept, or nothing.
local function header_fault(name)
    local lower = string.lower(name)
    local own = string.find(lower, "^x%-openclaw%-")
    if own ~= nil or lower == "host" then
        return "is the gateway's own"
    end
    return http_client.header_fault(name, "")
end
local function read_headers(owner, given)
    local headers = {}
    for ____, name in ipairs(texts(owner, given, "headers", HEADERS)) do
        if header_fault(name) ~= nil then
            options.refuse(owner, "headers", "names of headers to keep", name)
        end
        headers[#headers + 1] = {name = name, variable = "http_" .. (string.gsub(
            string.lower(name),
            "-",
            "_"
        ))}
    end
    return headers
end
local function read_callback_hosts(owner, given)
    local hosts = {}
    for ____, host in ipairs(texts(owner, given, "callback_hosts", {})) do
        local target = http_client.parse_url("http://" .. host)
        if (target and target.path) ~= "/" or (string.find(host, "/", 1, true)) ~= nil then
            options.refuse(owner, "callback_hosts", "hosts like \"app.example\" or \"app.example:8443\"", host)
        end
        hosts[string.lower(host)] = true
    end
    return hosts
end
local function read_share(owner, given)
    local share = options.positive(owner, given, "client_share", 0.5)
    if share > 1 then
        options.refuse(owner, "client_share", "a number above 0, up to 1", share)
    end
    return share
end
--- Reads the options; raises one sentence when one is wrong. Phases: init.
function ____exports.read(owner, given)
    local host, port = read_through(owner, given)
    local max_bytes = options.whole(
        owner,
        given,
        "max_bytes",
        1,
        1024 * MIB
    )
    local max_answer_bytes = options.whole(
        owner,
        given,
        "max_answer_bytes",
        1,
        MIB
    )
    if max_answer_bytes + ____exports.ANSWER_HEAD_BYTES > max_bytes then
        options.refuse(
            owner,
            "max_answer_bytes",
            tostring(____exports.ANSWER_HEAD_BYTES) .. " or more below max_bytes",
            max_answer_bytes
        )
    end
    local concurrency = options.whole(
        owner,
        given,
        "concurrency",
        1,
        4
    )
    local under_way_bytes = math.min(max_bytes, concurrency * (max_answer_bytes + ____exports.ANSWER_HEAD_BYTES))
    return {
        store = read_store(owner, given),
        host = host,
        port = port,
        methods = read_methods(owner, given),
        headers = read_headers(owner, given),
        max_body_bytes = options.whole(
            owner,
            given,
            "max_body_bytes",
            0,
            10 * MIB
        ),
        max_bytes = max_bytes,
        max_jobs = options.whole(
            owner,
            given,
            "max_jobs",
            1,
            10000
        ),
        client_share = read_share(owner, given),
        max_age_seconds = options.positive(owner, given, "max_age_seconds", 86400),
        keep_seconds = options.positive(owner, given, "keep_seconds", 3600),
        max_answer_bytes = max_answer_bytes,
        rate = options.positive(owner, given, "rate", 5),
        reserve_bytes = options.whole(
            owner,
            given,
            "reserve_bytes",
            0,
            under_way_bytes
        ),
        concurrency = concurrency,
        max_tries = options.whole(
            owner,
            given,
            "max_tries",
            1,
            5
        ),
        attempts = options.whole(
            owner,
            given,
            "attempts",
            1,
            5
        ),
        timeout_seconds = options.positive(owner, given, "timeout_seconds", 330),
        callback_hosts = read_callback_hosts(owner, given),
        callback_plain = options.flag(owner, given, "callback_plain", false),
        thread_pool = options.text(owner, given, "thread_pool", "default")
    }
end
return ____exports
