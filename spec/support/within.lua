--- Runs a spec's function within a real request, in the phase of the location in spec/locations/request.conf.
local http = require("spec.support.http")

local _M = {}

--- Answers with what the function returns.
function _M.answer()
    local ok, result = pcall(_M.work)
    ngx.status = ok and 200 or 500
    ngx.print(tostring(result))
    ngx.exit(ngx.HTTP_OK)
end

--- Sends a request, and returns what `work` returns within it, as text. What `work` raises is raised.
function _M.request(work, path, headers)
    _M.work = work
    local answer = http.get(path or "/request/content", headers)
    if answer.status ~= 200 then error(answer.body, 2) end
    return answer.body
end

return _M
