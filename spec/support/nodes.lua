--- Simulated inference nodes: servers of the spec worker itself, told by each spec how to behave.
local _M = { seen = {}, behave = {} }

--- Forgets what was seen; all nodes answer 200 again.
function _M.reset()
    _M.seen, _M.behave = {}, {}
end

--- How many requests a node has got since the last reset.
function _M.count(port)
    return _M.seen[port] or 0
end

--- The content handler of every node.
function _M.answer()
    local port = tonumber(ngx.var.server_port) or "unix"
    _M.seen[port] = (_M.seen[port] or 0) + 1
    local behave = _M.behave[port]
    if behave then return behave(_M.seen[port]) end
    ngx.say("answer of ", port)
end

return _M
