local ____exports = {}
local http_client = require("resty.openclaw.http_client")
local read = require("resty.openclaw.options")
local retry_after = require("resty.openclaw.retry_after")
local OPTIONS = {
    "type",
    "url",
    "headers",
    "connect_seconds",
    "timeout_seconds",
    "keepalive_seconds",
    "ssl_verify",
    "ssl_server_name"
}
local REQUEST_TIMEOUT = 408
local TOO_MANY_REQUESTS = 429
local function send(self, text, _entries, most_seconds)
    local answer, err = http_client.request({
        scheme = self.scheme,
        host = self.host,
        port = self.port,
        path = self.path,
        method = "POST",
        headers = self.headers,
        body = text,
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
    local status = answer.status
    if status >= 200 and status < 300 then
        return "sent"
    end
    local why = "status " .. tostring(status)
    if status >= 500 or status == REQUEST_TIMEOUT or status == TOO_MANY_REQUESTS then
        return "retry", why, retry_after.seconds(answer.headers["retry-after"])
    end
    return "poison", why
end
local metatable = {__index = {send = send}}
local function read_headers(owner, options)
    local headers = {["Content-Type"] = "application/x-ndjson"}
    local given = read.group(owner, options, "headers")
    if given == nil then
        return headers
    end
    for name, value in pairs(given) do
        local fault = http_client.header_fault(name, value)
        if fault ~= nil then
            error((owner .. ": \"headers\": ") .. fault, 0)
        end
        if string.lower(name) == "content-type" then
            headers["Content-Type"] = value
        else
            headers[name] = value
        end
    end
    return headers
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
    local fields = {
        scheme = target.scheme,
        host = target.host,
        port = target.port,
        path = target.path,
        headers = read_headers(owner, options),
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
