local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local string_lower = string.lower
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_yield_now = time_slice.yield_now
local http_target = require("resty.openclaw.http_client.target")
local http_target_with_remedy = http_target.with_remedy
local lines = require("resty.openclaw.post_action.lines")
local lines_join = lines.join
--- So many are sent, at some microseconds each, before other requests are served.
local DATAGRAMS_AT_A_STRETCH = 200
--- nginx's text for EMSGSIZE.
local TOO_LONG = "message too long"
local function part_of(left)
    local ____temp_0
    if #left == 0 then
        ____temp_0 = nil
    else
        ____temp_0 = {
            text = lines_join(left),
            entries = #left
        }
    end
    return ____temp_0
end
--- Sends each line as a datagram: `prefix`, then the line. Phases: timer.
-- 
-- @param most_bytes maximum length of a datagram; a longer one is not sent
function ____exports.send(endpoint, prefix, all, most_bytes)
    local left = {}
    local socket = ngx.socket.udp()
    local named, name_err = unpack(
        endpoint.port == 0 and ({socket:setpeername(endpoint.host)}) or ({socket:setpeername(endpoint.host, endpoint.port)}),
        1,
        2
    )
    local err = named == nil and "cannot connect: " .. tostring(http_target_with_remedy(name_err)) or nil
    for index, line in ipairs(all) do
        local datagram = err == nil and prefix(line) .. line or line
        if err ~= nil or #datagram > most_bytes then
            left[#left + 1] = line
        else
            local sent, send_err = socket:send(datagram)
            if sent == nil then
                left[#left + 1] = line
            end
            if sent == nil and string_lower(send_err) ~= TOO_LONG then
                err = "cannot send: " .. send_err
            end
        end
        if index % DATAGRAMS_AT_A_STRETCH == 0 then
            time_slice_yield_now()
        end
    end
    if named ~= nil then
        socket:close()
    end
    return {
        err = err,
        left = part_of(left)
    }
end
return ____exports
