local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local tostring = tostring
local string_byte = string.byte
local string_sub = string.sub
--- Longer lists are no answers to anything that is asked here.
local MOST_PARTS = 16
local LIST, TEXT, NUMBER, STATUS, ERROR = string_byte("*$:+-", 1, 5)
local function read_text(socket, bytes, most_bytes)
    if bytes == -1 then
        return ngx.null
    end
    if bytes == nil or not (bytes >= 0 and bytes <= most_bytes) then
        return nil, "its reply is too long"
    end
    local text, err = socket:receive(bytes + 2)
    if text == nil then
        return nil, err
    end
    return (string_sub(text, 1, bytes))
end
--- One value that is no list.
local function read_value(socket, line, most_bytes)
    local kind = string_byte(line)
    local rest = string_sub(line, 2)
    if kind == TEXT then
        return read_text(
            socket,
            tonumber(rest),
            most_bytes
        )
    end
    if kind == NUMBER then
        return (tonumber(rest))
    end
    if kind == STATUS then
        return rest
    end
    if kind == ERROR then
        return false, rest
    end
    return nil, "its reply is not of Redis"
end
local function read_list(socket, count, most_bytes)
    if count == -1 then
        return ngx.null
    end
    if count == nil or not (count >= 0 and count <= MOST_PARTS) then
        return nil, "its reply is too long"
    end
    local parts = {}
    for _ = 1, count do
        local line, line_err = socket:receive("*l")
        if line == nil then
            return nil, line_err
        end
        local value, err = read_value(socket, line, most_bytes)
        if value == nil then
            return nil, err or "its reply is not of Redis"
        end
        parts[#parts + 1] = value
    end
    return parts
end
--- Sends a command, and reads its reply: a value or a list of values, with texts of no more than `most_bytes`. Phases: those that may yield.
local function exchange(client, most_bytes, command, words)
    local socket = client._sock
    local parts = {((((("*" .. tostring(#words + 1)) .. "\r\n$") .. tostring(#command)) .. "\r\n") .. command) .. "\r\n"}
    for ____, word in ipairs(words) do
        parts[#parts + 1] = ("$" .. tostring(#word)) .. "\r\n"
        parts[#parts + 1] = word
        parts[#parts + 1] = "\r\n"
    end
    local sent, send_err = socket:send(parts)
    if sent == nil then
        return nil, send_err
    end
    local line, err = socket:receive("*l")
    if line == nil then
        return nil, err
    end
    if string_byte(line) == LIST then
        return read_list(
            socket,
            tonumber(string_sub(line, 2)),
            most_bytes
        )
    end
    return read_value(socket, line, most_bytes)
end
____exports.exchange = exchange
return ____exports
