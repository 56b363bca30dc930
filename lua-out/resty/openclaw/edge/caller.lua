local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local type = type
local table_concat = table.concat
local request = require("resty.openclaw.core.request.request")
local request_set_variable = request.set_variable
local request_variable = request.variable
local ____text = require("resty.openclaw.core.text.text")
local split = ____text.split
--- A delivery's header with the caller, which counts with a delivery token only.
local HEADER = "X-OpenClaw-Caller"
____exports.HEADER = HEADER
local HEADER_VARIABLE = "http_x_openclaw_caller"
local VARIABLES = {"openclaw_identity", "openclaw_tenant", "openclaw_class", "openclaw_auth_method"}
--- The caller of the present request, for the head of its job; nothing for one without an identity. Phases: content.
local function present()
    local values = {}
    for ____, name in ipairs(VARIABLES) do
        values[#values + 1] = request_variable(name) or ""
    end
    local ____temp_0
    if values[1] == "" then
        ____temp_0 = nil
    else
        ____temp_0 = values
    end
    return ____temp_0
end
____exports.present = present
--- The header for the delivery of a job; nothing for one without a caller. Phases: any.
local function header_of(head)
    if type(head.caller) ~= "table" then
        return nil
    end
    local parts = {}
    for ____, value in ipairs(head.caller) do
        parts[#parts + 1] = ngx.escape_uri(tostring(value))
    end
    return (table_concat(parts, ";"))
end
____exports.header_of = header_of
--- Makes the caller in the header that of the present request, which is a delivery, and removes the header. Phases: access.
local function take_over()
    local text = request_variable(HEADER_VARIABLE)
    if text == nil then
        return
    end
    ngx.req.clear_header(HEADER)
    local values = split(text, ";")
    for place, name in ipairs(VARIABLES) do
        local value = values[place] or ""
        if value ~= "" then
            request_set_variable(
                name,
                ngx.unescape_uri(value)
            )
        end
    end
end
____exports.take_over = take_over
return ____exports
