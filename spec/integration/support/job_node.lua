--- An inference node that remembers which jobs it was asked for. One worker; all is forgotten when it dies.
local json = require("cjson")

local _M = {}

-- The key of each request that has one, as often as it came; how many requests had none.
local keys = {}
local without = 0

--- Location /keys: what was asked.
function _M.tell()
    ngx.header["Content-Type"] = "application/json"
    ngx.say(json.encode({ keys = #keys > 0 and keys or nil, without = without }))
end

--- All other locations: takes its time, and answers with the MD5 of what was posted.
function _M.answer()
    local key = ngx.var.http_idempotency_key
    if key then keys[#keys + 1] = key else without = without + 1 end
    ngx.req.read_body()
    ngx.sleep(0.2)
    ngx.header["Content-Type"] = "application/json"
    ngx.say(json.encode({ md5 = ngx.md5(ngx.req.get_body_data()) }))
end

return _M
