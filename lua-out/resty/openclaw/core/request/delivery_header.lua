local ____exports = {}
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
--- Its value is a secret where the gateway has set it; clients may set it to anything.
local NAME = "X-OpenClaw-Delivery"
____exports.NAME = NAME
--- nginx's variable of it.
local VARIABLE = "http_x_openclaw_delivery"
--- Its value in the current request; nothing without the header. Phases: all with a request.
local function given()
    local text = request_variable(VARIABLE)
    return text
end
____exports.given = given
--- Whether the current request has the header, with any value. Phases: all with a request.
local function is_there()
    return given() ~= nil
end
____exports.is_there = is_there
--- Removes it from the request. Phases: rewrite, access, content.
local function strip()
    if is_there() then
        ngx.req.clear_header(NAME)
    end
end
____exports.strip = strip
return ____exports
