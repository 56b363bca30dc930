local ____exports = {}
local error = error
local pairs = pairs
local setmetatable = setmetatable
local tostring = tostring
local type = type
local math_min = math.min
local string_gsub = string.gsub
local string_lower = string.lower
local table_concat = table.concat
local kinds = require("resty.openclaw.config.kinds")
local kinds_one_of = kinds.one_of
local problem = require("resty.openclaw.config.problems")
local problem_add_no_table = problem.add_no_table
local problem_beginning = problem.beginning
local problem_child = problem.child
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local optional = ____schema.optional
local required = ____schema.required
local table_of = ____schema.table_of
local gzips = require("resty.openclaw.core.bytes.gzip")
local gzips_new = gzips.new
local retry_after = require("resty.openclaw.core.http.retry_after")
local retry_after_seconds = retry_after.seconds
local ____text = require("resty.openclaw.core.text.text")
local trim = ____text.trim
local utf8 = require("resty.openclaw.core.text.utf8")
local utf8_clean = utf8.clean
local utf8_cut = utf8.cut
local http_client = require("resty.openclaw.http_client")
local http_client_header_fault = http_client.header_fault
local http_client_parse_url = http_client.parse_url
local http_client_request = http_client.request
local lines = require("resty.openclaw.post_action.lines")
local lines_split = lines.split
local templates = require("resty.openclaw.post_action.sinks.template")
local templates_SCHEMA = templates.SCHEMA
local templates_fill = templates.fill
local templates_new = templates.new
--- An http or https URL. It may contain a secret, so it is never shown.
local URL = {
    name = "URL",
    read = function(given, path, problems)
        local before = #problems
        local text = kinds.text.read(given, path, problems)
        if #problems > before then
            return nil
        end
        local target, err = http_client_parse_url(text)
        if target == nil then
            problems[#problems + 1] = (path .. " must be an http or https URL, but it has ") .. err
        end
        return target
    end
}
--- More headers of the request. Their values may be secrets, so they are never shown.
local HEADERS = {
    name = "table",
    read = function(given, path, problems)
        if type(given) ~= "table" then
            problem_add_no_table(problems, path, "a table", given)
        else
            for name, value in pairs(given) do
                local fault = http_client_header_fault(name, value)
                if fault ~= nil then
                    problems[#problems + 1] = (problem_beginning(path) .. " ") .. fault
                end
            end
        end
        return given
    end
}
local SCHEMA = {
    url = required(URL, "http or https; no user name in it"),
    format = option(
        kinds_one_of("ndjson", "json_array"),
        "ndjson",
        "one JSON document on each line, or all of a batch in one array; strings that are pushed must be JSON then"
    ),
    template = optional(
        table_of(templates_SCHEMA),
        "instead of `format`: a body of [another form](#loki-elasticsearch-splunk)"
    ),
    gzip = option(kinds.flag, false, "whether to compress, by nginx's own zlib or the system's `libz.so.1`; rejected at init if neither is available"),
    headers = optional(HEADERS, "more headers, for example `Authorization`; `Content-Type` follows the format unless given"),
    connect_seconds = option(kinds.positive, 1, "timeout for connecting"),
    timeout_seconds = option(kinds.positive, 5, "timeout of one attempt"),
    keepalive_seconds = option(kinds.positive, 4, "how long an idle connection is kept; set it below the server's timeout"),
    ssl_verify = option(kinds.flag, true, "whether the server's certificate must be trusted and match the name"),
    ssl_server_name = computed(kinds.text, "the URL's host", "the name to ask for and to find in the certificate")
}
____exports.SCHEMA = SCHEMA
--- At most so much of a receiver's error response is logged.
local MOST_REASON_BYTES = 200
--- Bad Request, Content Too Large, Unprocessable Content: about single entries, or the size of the batch.
local ABOUT_ENTRIES = {[400] = true, [413] = true, [422] = true}
--- Other 5xx are "busy", other status codes "misdirected". None of these is about the entries.
local CAUSES = {
    [401] = "credentials",
    [403] = "credentials",
    [407] = "credentials",
    [408] = "busy",
    [425] = "busy",
    [429] = "busy"
}
--- The body of the request. Nil and why when it cannot be compressed.
local function body_of(sink, text)
    local body = text
    if sink.template ~= nil then
        body = templates_fill(sink.template, text)
    elseif sink.json_array then
        body = ("[" .. table_concat(
            lines_split(text),
            ","
        )) .. "]"
    end
    if sink.gzip == nil then
        return body
    end
    return sink.gzip:compress(body)
end
--- The beginning of an error response, on one line; characters that are not printable or not UTF-8 are replaced.
local function reason_in(body)
    local printable = string_gsub(
        utf8_cut(body, MOST_REASON_BYTES),
        "%c",
        " "
    )
    return trim(utf8_clean(printable))
end
--- The error for the error log.
local function refusal(status, body)
    local reason = reason_in(body)
    return reason == "" and "status " .. tostring(status) or (("status " .. tostring(status)) .. ": ") .. reason
end
local function verdict_on(status, retry_after_header, body)
    if status >= 200 and status < 300 then
        return "sent"
    end
    if ABOUT_ENTRIES[status] == true then
        return "split", refusal(status, body)
    end
    local cause = CAUSES[status] or (status >= 500 and "busy" or "misdirected")
    local why = cause == "credentials" and "status " .. tostring(status) or refusal(status, body)
    return "retry", why, retry_after_seconds(retry_after_header), nil, cause
end
local function send(self, text, _entries, most_seconds)
    local body, body_err = body_of(self, text)
    if body == nil then
        return "retry", body_err
    end
    local response, err = http_client_request({
        scheme = self.scheme,
        host = self.host,
        port = self.port,
        path = self.path,
        method = "POST",
        headers = self.headers,
        body = body,
        connect_seconds = self.connect_seconds,
        send_seconds = self.timeout_seconds,
        read_seconds = self.timeout_seconds,
        total_seconds = math_min(self.timeout_seconds, most_seconds),
        keepalive_seconds = self.keepalive_seconds,
        keepalive_connections = 1,
        ssl_verify = self.ssl_verify,
        ssl_server_name = self.ssl_server_name,
        repeatable = true
    })
    if response == nil then
        return "retry", err
    end
    return verdict_on(response.status, response.headers["retry-after"], response.body)
end
local metatable = {__index = {send = send}}
--- Adds to the problems where options contradict each other. Phases: init.
local function check(given, path, problems)
    if given.template ~= nil and given.format ~= nil then
        problems[#problems + 1] = problem_beginning(path) .. " \"format\" and \"template\" cannot both be given"
    end
    if given.gzip ~= true or type(given.headers) ~= "table" then
        return
    end
    for name in pairs(given.headers) do
        if string_lower(tostring(name)) == "content-encoding" then
            problems[#problems + 1] = ((problem_child(path, "headers") .. ": header ") .. name) .. " is set by \"gzip\""
        end
    end
end
____exports.check = check
local function headers_of(____bindingPattern0)
    local gzip
    local template
    local format
    local headers
    headers = ____bindingPattern0.headers
    format = ____bindingPattern0.format
    template = ____bindingPattern0.template
    gzip = ____bindingPattern0.gzip
    local is_json = format == "json_array" or template ~= nil
    local all = {["Content-Type"] = is_json and "application/json" or "application/x-ndjson"}
    if gzip then
        all["Content-Encoding"] = "gzip"
    end
    for name, value in pairs(headers or ({})) do
        all[string_lower(name) == "content-type" and "Content-Type" or name] = value
    end
    return all
end
local function open_gzip(path)
    local gzip, err = gzips_new()
    if gzip == nil then
        error(
            (problem_child(path, "gzip") .. " is not possible: ") .. err,
            0
        )
    end
    return gzip
end
--- A sink that posts to `url`. Phases: init. Raises where it cannot compress.
local function create(options, path)
    local ____options_0 = options
    local url = ____options_0.url
    local template = ____options_0.template
    local ____url_scheme_2 = url.scheme
    local ____url_host_3 = url.host
    local ____url_port_4 = url.port
    local ____url_path_5 = url.path
    local ____temp_6 = options.format == "json_array"
    local ____temp_1
    if template == nil then
        ____temp_1 = nil
    else
        ____temp_1 = templates_new(template)
    end
    local fields = {
        scheme = ____url_scheme_2,
        host = ____url_host_3,
        port = ____url_port_4,
        path = ____url_path_5,
        json_array = ____temp_6,
        template = ____temp_1,
        gzip = options.gzip and open_gzip(path) or nil,
        headers = headers_of(options),
        connect_seconds = options.connect_seconds,
        timeout_seconds = options.timeout_seconds,
        keepalive_seconds = options.keepalive_seconds,
        ssl_verify = options.ssl_verify,
        ssl_server_name = options.ssl_server_name
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
