local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local type = type
local math_min = math.min
local string_find = string.find
local string_gsub = string.gsub
local string_lower = string.lower
local string_match = string.match
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local kinds_list_or_none_of = kinds.list_or_none_of
local kinds_of = kinds.of
local kinds_whole = kinds.whole
local problem = require("resty.openclaw.config.problems")
local problem_refuse = problem.refuse
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local required = ____schema.required
local addresses = require("resty.openclaw.core.http.address")
local addresses_canonical = addresses.canonical
local http_client = require("resty.openclaw.http_client")
local http_client_header_fault = http_client.header_fault
local http_client_parse_url = http_client.parse_url
--- What a response takes on the disk beside its body, with few exceptions at most.
local RESPONSE_HEAD_BYTES = 4096
____exports.RESPONSE_HEAD_BYTES = RESPONSE_HEAD_BYTES
local KIB = 1024
local MIB = 1024 * KIB
--- Those needed to read the request and its response. Headers that identify the client must be listed in the options.
local HEADERS = {
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Accept",
    "Accept-Language",
    "Idempotency-Key"
}
--- Only listeners on this machine may get the delivery token.
local function is_here(host)
    local unix = string_find(host, "^unix:/[^%c]+$")
    local loopback = string_find(
        addresses_canonical(host) or "",
        "^127%."
    )
    return unix ~= nil or loopback ~= nil or host == "[::1]" or host == "localhost"
end
--- The host and port of a URL of this machine; nothing of any other.
local function listener_of(url)
    if type(url) ~= "string" then
        return
    end
    local socket = string_match(url, "^http://(unix:/[^:]+):?$")
    if socket ~= nil then
        return socket, 0
    end
    local target = http_client_parse_url(url)
    if (target and target.scheme) ~= "http" or target.path ~= "/" or not is_here(target.host) then
        return
    end
    return target.host, target.port
end
--- An absolute path, without a slash at its end.
local function is_folder(given)
    if type(given) ~= "string" then
        return false
    end
    local legal = string_find(given, "^/[^%c]*[^%c/]$")
    return legal ~= nil
end
local function is_method(given)
    if type(given) ~= "string" or given == "CONNECT" then
        return false
    end
    local legal = string_find(given, "^%u+$")
    return legal ~= nil
end
--- Whether a header may be stored: those of the gateway itself may not.
local function is_stored_header(given)
    if type(given) ~= "string" or given == "" then
        return false
    end
    local lower = string_lower(given)
    local own = string_find(lower, "^x%-openclaw%-")
    if own ~= nil or lower == "host" then
        return false
    end
    return http_client_header_fault(given, "") == nil
end
local function is_callback_host(given)
    if type(given) ~= "string" or given == "" or (string_find(given, "/", 1, true)) ~= nil then
        return false
    end
    local target = http_client_parse_url("http://" .. given)
    return (target and target.path) == "/"
end
local FOLDER = kinds_of("path", "the path of a folder from the root", is_folder)
local LISTENER = kinds_of(
    "URL",
    "\"http://127.0.0.1:PORT\" or \"http://unix:/PATH\", where this gateway listens",
    function(given) return (listener_of(given)) ~= nil end
)
local METHOD = kinds_of("method", "a method like \"POST\"", is_method)
local HEADER = kinds_of("header name", "the name of a header to store", is_stored_header)
local CALLBACK_HOST = kinds_of("host", "a host like \"app.example\" or \"app.example:8443\"", is_callback_host)
local SHARE = kinds_of(
    "number above 0, up to 1",
    "a number above 0, up to 1",
    function(given) return type(given) == "number" and given > 0 and given <= 1 end
)
local SCHEMA = {
    store = required(FOLDER, "absolute path of the folder for this route's jobs; each route has its own"),
    through = required(LISTENER, "URL of a listener of this gateway, to which deliveries are sent: `\"http://127.0.0.1:PORT\"`, `\"http://[::1]:PORT\"`, `\"http://localhost:PORT\"` or `\"http://unix:/PATH\"`"),
    methods = option(
        kinds_list_of(METHOD),
        {"POST"},
        "methods of the requests that are stored"
    ),
    headers = option(
        kinds_list_or_none_of(HEADER),
        HEADERS,
        "request headers that are stored, instead of these; `Authorization` and `Cookie` only if they are listed; `Host`, the request id and the trace always"
    ),
    max_body_bytes = option(
        kinds_whole(0),
        10 * MIB,
        "maximum length of a request body"
    ),
    max_bytes = option(
        kinds_whole(1),
        1024 * MIB,
        "maximum size of the waiting jobs on disk; their responses may take as much again"
    ),
    max_jobs = option(
        kinds_whole(1),
        10000,
        "maximum number of waiting jobs"
    ),
    client_share = option(SHARE, 0.5, "maximum share of `max_jobs` and `max_bytes` for one client; 1 if all requests come from one address, such as that of a single camera or of a proxy"),
    max_age_seconds = option(kinds.positive, 86400, "seconds after which an undelivered job expires"),
    keep_seconds = option(kinds.positive, 3600, "seconds for which a response is kept"),
    max_answer_bytes = option(
        kinds_whole(1),
        MIB,
        "maximum length of a response; 4096 or more below `max_bytes`"
    ),
    reserve_bytes = computed(
        kinds_whole(0),
        ("`concurrency` × (`max_answer_bytes` + " .. tostring(RESPONSE_HEAD_BYTES)) .. "), at most `max_bytes`",
        "room on the disk that is reserved for responses; 0 for none"
    ),
    rate = option(kinds.positive, 5, "maximum number of deliveries started per second"),
    concurrency = option(
        kinds_whole(1),
        4,
        "maximum number of concurrent deliveries; each may hold a response in memory"
    ),
    max_tries = option(
        kinds_whole(1),
        5,
        "number of deliveries that end with 408, 429 or 5xx, or that the gateway itself did not answer within `timeout_seconds`; then the job ends with the last response, or with `no_answer` if the last delivery had none"
    ),
    attempts = option(
        kinds_whole(1),
        5,
        "number of deliveries that reached the other end and got no response from it while the link was up; then the job ends with `job_failed`"
    ),
    timeout_seconds = option(kinds.positive, 330, "timeout of one delivery, including the time to send a large body over the link; longer than the location's `proxy_read_timeout`"),
    callback_hosts = option(
        kinds_list_or_none_of(CALLBACK_HOST),
        {},
        "hosts to which clients may have responses sent, by callbacks: `\"app.example\"` or `\"app.example:8443\"`"
    ),
    callback_plain = option(kinds.flag, false, "whether callbacks may be sent without TLS"),
    thread_pool = option(kinds.text, "default", "the `thread_pool` of nginx that syncs files to disk")
}
____exports.SCHEMA = SCHEMA
local function set_of(texts)
    local known = {}
    for ____, text in ipairs(texts) do
        known[text] = true
    end
    return known
end
local function stored_headers(headers)
    local all = {}
    for ____, name in ipairs(headers) do
        all[#all + 1] = {name = name, variable = "http_" .. (string_gsub(
            string_lower(name),
            "-",
            "_"
        ))}
    end
    return all
end
local function in_lower_case(texts)
    local all = {}
    for ____, text in ipairs(texts) do
        all[#all + 1] = string_lower(text)
    end
    return all
end
--- The settings. Raises when the options do not fit together; `path`: of the table that has them. Phases: init.
local function of(given, path)
    local host, port = listener_of(given.through)
    local ____given_4 = given
    local max_bytes = ____given_4.max_bytes
    local max_answer_bytes = ____given_4.max_answer_bytes
    local concurrency = ____given_4.concurrency
    if max_answer_bytes + RESPONSE_HEAD_BYTES > max_bytes then
        problem_refuse(
            path .. ".max_bytes",
            ((tostring(RESPONSE_HEAD_BYTES) .. " or more above max_answer_bytes (") .. tostring(max_answer_bytes)) .. ")",
            max_bytes
        )
    end
    local under_way_bytes = math_min(max_bytes, concurrency * (max_answer_bytes + RESPONSE_HEAD_BYTES))
    return {
        store = given.store,
        host = host,
        port = port,
        methods = set_of(given.methods),
        headers = stored_headers(given.headers),
        max_body_bytes = given.max_body_bytes,
        max_bytes = max_bytes,
        max_jobs = given.max_jobs,
        client_share = given.client_share,
        max_age_seconds = given.max_age_seconds,
        keep_seconds = given.keep_seconds,
        max_answer_bytes = max_answer_bytes,
        rate = given.rate,
        reserve_bytes = given.reserve_bytes or under_way_bytes,
        concurrency = concurrency,
        max_tries = given.max_tries,
        attempts = given.attempts,
        timeout_seconds = given.timeout_seconds,
        callback_hosts = set_of(in_lower_case(given.callback_hosts)),
        callback_plain = given.callback_plain,
        thread_pool = given.thread_pool
    }
end
____exports.of = of
return ____exports
