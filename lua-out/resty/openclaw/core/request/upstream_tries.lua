local ____exports = {}
local ipairs = ipairs
local string_byte = string.byte
local string_find = string.find
local string_sub = string.sub
local ____text = require("resty.openclaw.core.text.text")
local split = ____text.split
local BLANK = string_byte(" ")
local COMMA = string_byte(",")
--- Whether a value is of one attempt only: the usual case, and cheap to check.
local function is_single(value)
    local blank = string_find(value, " ", 1, true)
    return blank == nil
end
____exports.is_single = is_single
--- The part of the last attempt; "-" when that is unset, empty when no node was chosen.
local function last(value)
    if is_single(value) then
        return value
    end
    local at = #value
    while at > 0 and string_byte(value, at) ~= BLANK and string_byte(value, at) ~= COMMA do
        at = at - 1
    end
    return (string_sub(value, at + 1))
end
____exports.last = last
--- The attempts in order, from `$upstream_addr`, `$upstream_status` and, where given, `$upstream_response_time`,
-- `$upstream_connect_time` and `$upstream_header_time` of one request.
local function parse(addresses, statuses, response_seconds, connect_seconds, header_seconds)
    if response_seconds == nil then
        response_seconds = ""
    end
    if connect_seconds == nil then
        connect_seconds = ""
    end
    if header_seconds == nil then
        header_seconds = ""
    end
    local tries = {}
    local passes = split(addresses, " : ")
    local status_passes = split(statuses, " : ")
    local response_passes = split(response_seconds, " : ")
    local connect_passes = split(connect_seconds, " : ")
    local header_passes = split(header_seconds, " : ")
    for pass = 0, #passes - 1 do
        local nodes = split(passes[pass + 1], ", ")
        local status = split(status_passes[pass + 1] or "", ", ")
        local response = split(response_passes[pass + 1] or "", ", ")
        local connect = split(connect_passes[pass + 1] or "", ", ")
        local header = split(header_passes[pass + 1] or "", ", ")
        for index = 0, #nodes - 1 do
            local address = nodes[index + 1]
            if address ~= "" then
                tries[#tries + 1] = {
                    address = address,
                    status = status[index + 1] or "-",
                    response_seconds = response[index + 1] or "-",
                    connect_seconds = connect[index + 1] or "-",
                    header_seconds = header[index + 1] or "-"
                }
            end
        end
    end
    return tries
end
____exports.parse = parse
--- The values of the tries so far in the present pass, oldest first, from a list-valued variable as it reads while nginx asks the
-- balancer once more: the new try, still without address, ends the value with " : ". Phases: balancer.
local function tried(value)
    local passes = split(value, " : ")
    local present = passes[#passes - 2 + 1]
    local values = {}
    if present == nil then
        return values
    end
    for ____, part in ipairs(split(present, ", ")) do
        if part ~= "" then
            values[#values + 1] = part
        end
    end
    return values
end
____exports.tried = tried
return ____exports
