local ____exports = {}
local request = require("resty.openclaw.core.request.request")
--- Its value is a secret where the gateway has set it; clients may set it to anything.
____exports.NAME = "X-OpenClaw-Delivery"
--- nginx's variable of it.
local VARIABLE = "http_x_openclaw_delivery"
--- Its value in the current request; nothing without the header. Phases: all with a request.
function ____exports.given()
    local text = request.variable(VARIABLE)
    return text
end
--- Whether the current request has the header, with any value. Phases: all with a request.
function ____exports.is_there()
    return ____exports.given() ~= nil
end
--- Removes it from the request. Phases: rewrite, access, content.
function ____exports.strip()
    if ____exports.is_there() then
        ngx.req.clear_header(____exports.NAME)
    end
end
return ____exports
