--- An inference node that does as it is told, and tells what it has seen. One worker; all is forgotten when it dies.
local semaphore = require("ngx.semaphore")
local json = require("cjson")

local _M = {}

-- Seconds until an answer, its status, seconds for which it asks to be left alone (0: does not), status of /health.
local behaviour = { delay = 0, status = 200, retry_after = 0, health = 200 }

-- `waiting`: requests that are not answered yet; `most_ahead`: by how many these ever exceeded the answers so far;
-- `streams`: those that go on; `abandoned`: those whose client went away; `big_bytes`: what /big could send.
local seen = {
    requests = 0, waiting = 0, answers = 0, most_ahead = 0, checks = 0, streams = 0, abandoned = 0, big_bytes = 0,
}
local check_times = {}

-- What is to be done next on the stream: "go on", "end", or "break off".
local orders = {}
local ordered = semaphore.new()

--- Location /behave: sets what is named in the query.
function _M.behave()
    for name in pairs(behaviour) do
        behaviour[name] = tonumber(ngx.var["arg_" .. name]) or behaviour[name]
    end
    ngx.say("ok")
end

--- Location /seen.
function _M.tell()
    ngx.header["Content-Type"] = "application/json"
    seen.check_times = table.concat(check_times, " ")
    ngx.say(json.encode(seen))
end

--- Location /health.
function _M.health()
    seen.checks = seen.checks + 1
    ngx.update_time()
    check_times[#check_times + 1] = string.format("%.3f", ngx.now())
    ngx.status = behaviour.health
    ngx.say("status ", behaviour.health)
end

--- Location /headers: those of the request.
function _M.headers()
    ngx.header["Content-Type"] = "application/json"
    ngx.say(json.encode(ngx.req.get_headers()))
end

--- All other locations. The answer names the node and the connection that was used.
function _M.answer()
    local var = ngx.var
    seen.requests = seen.requests + 1
    seen.waiting = seen.waiting + 1
    seen.most_ahead = math.max(seen.most_ahead, seen.waiting - seen.answers)
    ngx.req.read_body()
    ngx.sleep(behaviour.delay)
    seen.waiting = seen.waiting - 1
    seen.answers = seen.answers + 1
    ngx.status = behaviour.status
    ngx.header["X-Model"] = var.arg_model
    ngx.header["X-Queue-Seconds"] = var.arg_queue
    ngx.header["X-Accel-Expires"] = var.arg_expires
    if behaviour.retry_after > 0 then ngx.header["Retry-After"] = behaviour.retry_after end
    ngx.say(string.format('{"node":"%s:%s","connection":%s,"request":%s}', var.server_addr, var.server_port,
        var.connection, var.connection_requests))
end

local function abandon()
    seen.streams = seen.streams - 1
    seen.abandoned = seen.abandoned + 1
    ngx.exit(499)
end

--- Location /stream: "piece 1", and each further piece only when /order asks for it. Needs lua_check_client_abort.
function _M.stream()
    assert(ngx.on_abort(abandon))
    seen.streams = seen.streams + 1
    ngx.header["Content-Type"] = ngx.var.arg_type
    ngx.header["Content-Length"] = ngx.var.arg_length
    local piece = 0
    repeat
        piece = piece + 1
        ngx.say("piece ", piece)
        ngx.flush(true)
        assert(ordered:wait(60))
        local order = table.remove(orders, 1)
        if order == "break off" then
            seen.streams = seen.streams - 1
            return ngx.exit(ngx.ERROR)
        end
    until order == "end"
    seen.streams = seen.streams - 1
end

--- Location /order: what the stream does next.
function _M.order()
    orders[#orders + 1] = ngx.unescape_uri(ngx.var.arg_next)
    ordered:post()
    ngx.say("ok")
end

--- Location /big: so many bytes in chunks.
function _M.big()
    local chunk = string.rep("x", 64 * 1024)
    for _ = 1, tonumber(ngx.var.arg_bytes) / #chunk do
        ngx.print(chunk)
        ngx.flush(true)
        seen.big_bytes = seen.big_bytes + #chunk
    end
end

return _M
