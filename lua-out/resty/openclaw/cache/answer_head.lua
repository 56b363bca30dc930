local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local tonumber = tonumber
local tostring = tostring
local type = type
local math_floor = math.floor
local string_find = string.find
local string_match = string.match
local table_concat = table.concat
local texts = require("resty.openclaw.core.text.text")
local texts_split = texts.split
--- An answer with more headers is not kept: `storability` lets none pass that has.
local MOST_FIELDS = 100
--- Those of the connection (RFC 9110, 7.6.1), of this request alone, and those that the gateway makes for each response.
local NOT_KEPT = {}
for ____, name in ipairs({
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "date",
    "server",
    "age",
    "cache-status",
    "x-request-id",
    "x-cache-status",
    "x-openclaw-node",
    "x-openclaw-degraded",
    "x-openclaw-stale",
    "x-openclaw-link"
}) do
    NOT_KEPT[name] = true
end
--- A header; the value has no control characters but the tab that RFC 9110, 5.5, allows.
local LINE = "^([%w!#$%%&'*+.^_`|~-]+): ([\t%C]*)$"
--- Adds a header. False if `read` would not take it.
local function add(fields, name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
    local found = string_find((name .. ": ") .. value, LINE)
    return found ~= nil
end
--- The head of a response with that status and these headers, by their names; nothing if some are odd. Phases: any.
local function of_response(status, headers, now)
    local fields = {}
    for name, value in pairs(headers) do
        if not (NOT_KEPT[name] ~= nil) then
            if type(value) == "table" then
                for ____, one in ipairs(value) do
                    if not add(fields, name, one) then
                        return nil
                    end
                end
            elseif not add(
                fields,
                name,
                tostring(value)
            ) then
                return nil
            end
        end
    end
    return {status = status, made_at = now, fields = fields}
end
____exports.of_response = of_response
--- The head as text. Phases: any.
local function write(____bindingPattern0)
    local fields
    local made_at
    local status
    status = ____bindingPattern0.status
    made_at = ____bindingPattern0.made_at
    fields = ____bindingPattern0.fields
    local lines = {(tostring(status) .. " ") .. tostring(math_floor(made_at))}
    for at = 0, #fields - 2, 2 do
        lines[#lines + 1] = (tostring(fields[at + 1]) .. ": ") .. tostring(fields[at + 1 + 1])
    end
    return (table_concat(lines, "\n"))
end
____exports.write = write
--- Reads what `write` has written, perhaps on another machine; nothing if it is anything else. Phases: any.
local function read(text)
    local lines = texts_split(text, "\n")
    local status, made_at = string_match(lines[1], "^(%d%d%d) (%d+)$")
    if status == nil or #lines > MOST_FIELDS + 1 then
        return nil
    end
    local fields = {}
    for place = 1, #lines - 1 do
        local name, value = string_match(lines[place + 1], LINE)
        if name == nil then
            return nil
        end
        fields[#fields + 1] = name
        fields[#fields + 1] = value
    end
    return {
        status = tonumber(status),
        made_at = tonumber(made_at),
        fields = fields
    }
end
____exports.read = read
--- Gives the response this status and these headers. Phases: access, before anything is sent.
local function show(____bindingPattern0)
    local fields
    local status
    status = ____bindingPattern0.status
    fields = ____bindingPattern0.fields
    ngx.status = status
    ngx.header["Content-Type"] = ""
    local shown = {}
    for at = 0, #fields - 2, 2 do
        local name = fields[at + 1]
        local value = fields[at + 1 + 1]
        local known = shown[name]
        if known == nil then
            shown[name] = value
        elseif type(known) == "table" then
            known[#known + 1] = value
        else
            shown[name] = {known, value}
        end
    end
    for name, value in pairs(shown) do
        ngx.header[name] = value
    end
end
____exports.show = show
return ____exports
