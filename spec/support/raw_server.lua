--- An HTTP server that writes exactly what a spec tells it to, however wrong that is.
local _M = {
    --- What to do on each connection, first to last: a list of pieces to send, with numbers for seconds to wait, and
    --- "await" for the next request on the same connection. A connection too many gets what the last one got.
    script = {},
    connections = 0,
}

--- Lays down what the next connections get.
function _M.plan(...)
    _M.script = { ... }
    _M.connections = 0
end

function _M.answer()
    local socket = assert(ngx.req.socket(true))
    _M.connections = _M.connections + 1
    local steps = _M.script[math.min(_M.connections, #_M.script)]
    for _, step in ipairs(type(steps) == "table" and steps or { steps }) do
        if type(step) == "number" then
            ngx.sleep(step)
        elseif step == "await" then
            if not socket:receive("*l") then return end
        elseif not socket:send(step) then
            return
        end
    end
end

return _M
