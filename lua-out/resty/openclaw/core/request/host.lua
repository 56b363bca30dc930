local ____exports = {}
local string_byte = string.byte
local request = require("resty.openclaw.core.request.request")
local request_bytes_of = request.bytes_of
local request_digits = request.digits
local request_point = request.point
local COLON = string_byte(":")
--- With the colon.
local LONGEST_PORT = 6
--- Whether this is a colon and a port.
local function is_port(text, bytes)
    if bytes < 2 or bytes > LONGEST_PORT or text[0] ~= COLON then
        return false
    end
    return request_digits(text + 1, bytes - 1) ~= nil
end
--- Gives `$openclaw_checked_host` the header's value, if this has the host that nginx uses itself, with or without a port. Any other is left to
-- nginx. Phases: rewrite, access.
local function look_at()
    local host, host_bytes = request_bytes_of("host")
    local given, given_bytes = request_bytes_of("http_host")
    if host == nil or given == nil or host ~= given then
        return
    end
    local rest = given_bytes - host_bytes
    if rest == 0 or is_port(given + host_bytes, rest) then
        request_point("openclaw_checked_host", given, given_bytes)
    end
end
____exports.look_at = look_at
return ____exports
