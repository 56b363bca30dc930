local ____exports = {}
local gzips = require("resty.openclaw.gzip")
local http_client = require("resty.openclaw.http_client")
local read = require("resty.openclaw.options")
local retry_after = require("resty.openclaw.retry_after")
local ____text = require("resty.openclaw.text")
local trim = ____text.trim
local utf8 = require("resty.openclaw.utf8")
local lines = require("resty.openclaw.post_action.lines")
local templates = require("resty.openclaw.post_action.sinks.template")
local OPTIONS = {
    "type",
    "url",
    "format",
    "template",
    "gzip",
    "headers",
    "connect_seconds",
    "timeout_seconds",
    "keepalive_seconds",
    "ssl_verify",
    "ssl_server_name"
}
--- Of the reason that a receiver gives no more is logged.
local MOST_REASON_BYTES = 200
--- Bad Request, Content Too Large, Unprocessable Content: about one entry of many, or about how many they are.
local ABOUT_ENTRIES = {[400] = true, [413] = true, [422] = true}
--- Of all other statuses, 5xx is "busy", and the rest "misdirected". None of them says anything of the entries.
local CAUSES = {
    [401] = "credentials",
    [403] = "credentials",
    [407] = "credentials",
    [408] = "busy",
    [425] = "busy",
    [429] = "busy"
}
--- What the request carries. Nil and why when it cannot be compressed.
local function body_of(sink, text)
    local body = text
    if sink.template ~= nil then
        body = templates.fill(sink.template, text)
    elseif sink.json_array then
        body = ("[" .. table.concat(
            lines.split(text),
            ","
        )) .. "]"
    end
    if sink.gzip == nil then
        return body
    end
    return sink.gzip:compress(body)
end
--- The receiver's reason, on one line: what is not printable or no UTF-8 is left out or replaced.
local function reason_in(body)
    local printable = string.gsub(
        utf8.cut(body, MOST_REASON_BYTES),
        "%c",
        " "
    )
    return trim(utf8.clean(printable))
end
--- What went wrong, as the error log has it.
local function refusal(status, body)
    local reason = reason_in(body)
    return reason == "" and "status " .. tostring(status) or (("status " .. tostring(status)) .. ": ") .. reason
end
local function verdict_on(status, retry_after_header, body)
    if status >= 200 and status < 300 then
        return "sent"
    end
    if ABOUT_ENTRIES[status] == true then
        return "divide", refusal(status, body)
    end
    local cause = CAUSES[status] or (status >= 500 and "busy" or "misdirected")
    local why = cause == "credentials" and "status " .. tostring(status) or refusal(status, body)
    return "retry", why, retry_after.seconds(retry_after_header), nil, cause
end
local function send(self, text, _entries, most_seconds)
    local body, body_err = body_of(self, text)
    if body == nil then
        return "retry", body_err
    end
    local answer, err = http_client.request({
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
        total_seconds = math.min(self.timeout_seconds, most_seconds),
        keepalive_seconds = self.keepalive_seconds,
        keepalive_connections = 1,
        ssl_verify = self.ssl_verify,
        ssl_server_name = self.ssl_server_name,
        repeatable = true
    })
    if answer == nil then
        return "retry", err
    end
    return verdict_on(answer.status, answer.headers["retry-after"], answer.body)
end
local metatable = {__index = {send = send}}
local function read_headers(owner, options, is_json, gzip)
    local headers = {["Content-Type"] = is_json and "application/json" or "application/x-ndjson"}
    if gzip then
        headers["Content-Encoding"] = "gzip"
    end
    local given = read.group(owner, options, "headers")
    if given == nil then
        return headers
    end
    for name, value in pairs(given) do
        local fault = http_client.header_fault(name, value)
        if fault ~= nil then
            error((owner .. ": \"headers\": ") .. fault, 0)
        end
        if gzip and string.lower(name) == "content-encoding" then
            error(((owner .. ": \"headers\": header ") .. name) .. " is set by \"gzip\"", 0)
        end
        if string.lower(name) == "content-type" then
            headers["Content-Type"] = value
        else
            headers[name] = value
        end
    end
    return headers
end
local function read_template(owner, options)
    local given = read.group(owner, options, "template")
    if given == nil then
        return nil
    end
    if options.format ~= nil then
        error(owner .. ": either \"format\" or \"template\", not both", 0)
    end
    return templates.new(owner .. ": template", given)
end
local function read_gzip(owner, options)
    if not read.flag(owner, options, "gzip", false) then
        return nil
    end
    local gzip, err = gzips.new()
    if gzip == nil then
        error((owner .. ": \"gzip\" is not possible: ") .. err, 0)
    end
    return gzip
end
--- A sink that posts to `url`. Phases: init. Raises when an option is wrong.
local function create(owner, options)
    read.check(owner, options, OPTIONS)
    local target, err = http_client.parse_url(read.text(owner, options, "url"))
    if target == nil then
        error((owner .. ": \"url\" must be an http or https URL, but it has ") .. err, 0)
    end
    local ____temp_0
    if options.ssl_server_name == nil then
        ____temp_0 = nil
    else
        ____temp_0 = read.text(owner, options, "ssl_server_name")
    end
    local ssl_server_name = ____temp_0
    local json_array = read.one_of(
        owner,
        options,
        "format",
        {"ndjson", "json_array"},
        "ndjson"
    ) == "json_array"
    local template = read_template(owner, options)
    local gzip = read_gzip(owner, options)
    local fields = {
        scheme = target.scheme,
        host = target.host,
        port = target.port,
        path = target.path,
        json_array = json_array,
        template = template,
        gzip = gzip,
        headers = read_headers(owner, options, json_array or template ~= nil, gzip ~= nil),
        connect_seconds = read.positive(owner, options, "connect_seconds", 1),
        timeout_seconds = read.positive(owner, options, "timeout_seconds", 5),
        keepalive_seconds = read.positive(owner, options, "keepalive_seconds", 4),
        ssl_verify = read.flag(owner, options, "ssl_verify", true),
        ssl_server_name = ssl_server_name
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
