--- A log server: keeps the lines it is sent, and answers as the spec wishes.
local _M = {}

--- Forgets everything; answers 200 from now on.
function _M.reset()
    _M.batches, _M.lines, _M.requests = {}, {}, 0
    _M.status, _M.retry_after, _M.delay = 200, nil, 0
    --- What an error says.
    _M.says = ""
    --- Where set, the status of each request in turn; then `status`.
    _M.statuses = {}
    _M.era = (_M.era or 0) + 1
end

function _M.answer()
    ngx.req.read_body()
    local body = ngx.req.get_body_data() or ""
    _M.requests = _M.requests + 1
    _M.headers = ngx.req.get_headers()
    _M.connection = ngx.var.connection
    local era = _M.era
    if _M.delay > 0 then ngx.sleep(_M.delay) end
    -- A request that outlived its spec.
    if era ~= _M.era then return end
    ngx.status = table.remove(_M.statuses, 1) or _M.status
    ngx.header["Retry-After"] = _M.retry_after
    if ngx.status == 200 then
        _M.batches[#_M.batches + 1] = body
        for line in body:gmatch("([^\n]*)\n") do
            _M.lines[#_M.lines + 1] = line
        end
    end
    ngx.print(ngx.status == 200 and "done" or _M.says)
end

_M.reset()
return _M
