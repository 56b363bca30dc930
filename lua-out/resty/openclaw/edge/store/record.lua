local ____exports = {}
local setmetatable = setmetatable
local tostring = tostring
local type = type
local math_min = math.min
local string_find = string.find
local string_sub = string.sub
local cjson = require("cjson.safe")
local cjson_new = cjson.new
local ffi = require("ffi")
local ffi_new = ffi.new
local ffi_string = ffi.string
local files = require("resty.openclaw.core.files.files")
local files_read = files.read
local files_size = files.size
local request = require("resty.openclaw.core.request.request")
local request_now = request.now
local clock = require("resty.openclaw.core.time.clock")
local clock_BOOT = clock.BOOT
local clock_now = clock.now
--- Maximum length of the line, its end included: twice the headers that nginx accepts.
local MOST_HEAD_BYTES = 65536
local USUAL_HEAD_BYTES = 4096
--- One for the worker: it is never in use while a thread yields.
local buffer = ffi_new("uint8_t[?]", MOST_HEAD_BYTES)
--- An instance of its own, which the settings of other modules do not change. It keeps all bytes, UTF-8 or not.
local json = cjson_new()
json.decode_max_depth(4)
--- The line for a head as it is. Nil and why when it is too long. Phases: any.
local function line(head)
    local text, err = json.encode(head)
    if text == nil then
        return nil, "cannot encode: " .. err
    end
    if #text >= MOST_HEAD_BYTES then
        return nil, "the head is too long"
    end
    return text .. "\n"
end
____exports.line = line
--- The line for a head, to which it adds when it is written. Nil and why when it is too long. Phases: any.
local function stamped_line(head)
    head.boot = clock_BOOT
    head.uptime = clock_now()
    return line(head)
end
____exports.stamped_line = stamped_line
--- Age of a record in seconds: by the machine's uptime if it was written since the machine started, else by the time of day.
-- `written`: when it was written, as the clock was set then. Phases: any.
local function age(head, written)
    if clock_BOOT == "" or head.boot ~= clock_BOOT or type(head.uptime) ~= "number" then
        return request_now() - written
    end
    return clock_now() - head.uptime
end
____exports.age = age
--- The stored headers of a request or a response, whose values are to be checked; empty when there are none. Phases: any.
local function headers_of(head)
    return type(head.headers) == "table" and head.headers or ({})
end
____exports.headers_of = headers_of
--- Some bytes of a file, up to 64 KiB. On failure nil and why. Phases: any.
local function piece(file, from, most)
    local count, err = files_read(
        file,
        buffer,
        math_min(most, MOST_HEAD_BYTES),
        from
    )
    if count == nil then
        return nil, err
    end
    return (ffi_string(buffer, count))
end
____exports.piece = piece
--- The beginning of a file, which contains the first line if that ends. On failure nil and why.
local function beginning(file)
    local text, err = piece(file, 0, USUAL_HEAD_BYTES)
    if text == nil then
        return nil, err
    end
    local ____end = string_find(text, "\n", 1, true)
    if ____end ~= nil or #text < USUAL_HEAD_BYTES then
        return text
    end
    return piece(file, 0, MOST_HEAD_BYTES)
end
--- Reads the head of an open file. On failure nil and why, and whether the file is torn. Phases: any.
local function read(file)
    local bytes, size_err = files_size(file)
    if bytes == nil then
        return nil, size_err
    end
    local text, read_err = beginning(file)
    if text == nil then
        return nil, read_err
    end
    local ____end = string_find(text, "\n", 1, true)
    if ____end == nil then
        return nil, "the first line does not end", true
    end
    local head, decode_err = json.decode(string_sub(text, 1, ____end - 1))
    if type(head) ~= "table" then
        return nil, "the first line is not JSON: " .. tostring(decode_err), true
    end
    local body_bytes = head.body_bytes
    if body_bytes ~= bytes - ____end then
        return nil, "its length is not the one in its first line", true
    end
    return {head = head, body_at = ____end, body_bytes = body_bytes, bytes = bytes}
end
____exports.read = read
local function source_piece(self, from, most)
    return piece(self.file, self.body_at + from, most)
end
local source_metatable = {__index = {piece = source_piece}}
--- The body of a record, whose file must stay open while it is sent. Phases: any.
local function source(file, found)
    local fields = {file = file, body_at = found.body_at, bytes = found.body_bytes}
    return setmetatable(fields, source_metatable)
end
____exports.source = source
return ____exports
