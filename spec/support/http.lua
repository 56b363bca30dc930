--- The HTTP client of the specs: sends exactly the bytes it is told to, and reads one whole answer.
local _M = { host = "127.0.0.1", port = 18080 }

--- Takes a body sent in chunks together, and tells whether it breaks off.
local function whole(chunks)
    local parts, at = {}, 1
    repeat
        local size, data = chunks:match("^(%x+)[^\r]*\r\n()", at)
        if not size then return table.concat(parts), true end
        size = tonumber(size, 16)
        parts[#parts + 1] = chunks:sub(data, data + size - 1)
        at = data + size + 2
    until size == 0
    return table.concat(parts), false
end

local function parse(response)
    local status = tonumber(response:match("^HTTP/%S+ (%d+)"))
    local head, body = response:match("^(.-\r\n)\r\n(.*)$")
    local chunked = head and head:lower():find("\r\ntransfer-encoding: chunked\r\n", 1, true)
    local broken = false
    if chunked and body ~= "" then body, broken = whole(body) end
    return {
        status = status,
        body = body,
        broken = broken,
        header = function(name)
            for key, value in (head or ""):gmatch("\r\n([^:\r]+): ([^\r]*)") do
                if key:lower() == name:lower() then return value end
            end
        end,
    }
end

--- Sends raw bytes (a string, or a list sent piece by piece) and returns the answer, read until the server closes.
function _M.raw(pieces, port)
    -- A spec that has worked for long without a pause has stopped nginx's clock, by which the timeouts begin.
    ngx.update_time()
    local sock = ngx.socket.tcp()
    sock:settimeouts(10000, 10000, 10000)
    assert(sock:connect(_M.host, port or _M.port))
    for _, piece in ipairs(type(pieces) == "table" and pieces or { pieces }) do
        assert(sock:send(piece))
    end
    local response, err, partial = sock:receive("*a")
    sock:close()
    return parse(response or partial or error(err))
end

local function request_text(method, path, body, headers)
    local lines = { method .. " " .. path .. " HTTP/1.1", "Host: gateway", "Connection: close" }
    if body then lines[#lines + 1] = "Content-Length: " .. #body end
    for name, value in pairs(headers or {}) do
        lines[#lines + 1] = name .. ": " .. value
    end
    return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")
end

function _M.get(path, headers)
    return _M.raw(request_text("GET", path, nil, headers))
end

function _M.post(path, body, headers)
    return _M.raw(request_text("POST", path, body, headers))
end

--- The same to another port than the usual one.
function _M.get_from(port, path, headers)
    return _M.raw(request_text("GET", path, nil, headers), port)
end

function _M.post_to(port, path, body, headers)
    return _M.raw(request_text("POST", path, body, headers), port)
end

return _M
