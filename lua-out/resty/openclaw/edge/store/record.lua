local ____exports = {}
local cjson = require("cjson.safe")
local ffi = require("ffi")
local files = require("resty.openclaw.core.files.files")
--- How long the line may be, its end included: the headers that nginx takes fit twice.
____exports.MOST_HEAD_BYTES = 65536
local USUAL_HEAD_BYTES = 4096
--- One for the worker: never in use over a yield.
local buffer = ffi.new("uint8_t[?]", ____exports.MOST_HEAD_BYTES)
--- Of our own, so that nobody else's settings reach it. It keeps bytes as they are, UTF-8 or not.
local json = cjson.new()
json.decode_max_depth(4)
--- The line for a head. Nil and why when it is too long. Phases: any.
function ____exports.line(head)
    local text, err = json.encode(head)
    if text == nil then
        return nil, "cannot encode: " .. err
    end
    if #text >= ____exports.MOST_HEAD_BYTES then
        return nil, "the head is too long"
    end
    return text .. "\n"
end
--- Some bytes of a file, up to 64 KiB. On failure nil and why. Phases: any.
function ____exports.piece(file, from, most)
    local count, err = files.read(
        file,
        buffer,
        math.min(most, ____exports.MOST_HEAD_BYTES),
        from
    )
    if count == nil then
        return nil, err
    end
    return ffi.string(buffer, count)
end
--- The beginning of a file, with its first line where that has an end. On failure nil and why.
local function beginning(file)
    local text, err = ____exports.piece(file, 0, USUAL_HEAD_BYTES)
    if text == nil then
        return nil, err
    end
    local ____end = string.find(text, "\n", 1, true)
    if ____end ~= nil or #text < USUAL_HEAD_BYTES then
        return text
    end
    return ____exports.piece(file, 0, ____exports.MOST_HEAD_BYTES)
end
--- What an open file holds. On failure nil and why, and whether it is because the file holds no whole record. Phases: any.
function ____exports.read(file)
    local bytes, size_err = files.size(file)
    if bytes == nil then
        return nil, size_err
    end
    local text, read_err = beginning(file)
    if text == nil then
        return nil, read_err
    end
    local ____end = string.find(text, "\n", 1, true)
    if ____end == nil then
        return nil, "its first line has no end", true
    end
    local head, decode_err = json.decode(string.sub(text, 1, ____end - 1))
    if type(head) ~= "table" then
        return nil, "its first line is no JSON: " .. tostring(decode_err), true
    end
    local body_bytes = head.body_bytes
    if body_bytes ~= bytes - ____end then
        return nil, "its length is not what it says", true
    end
    return {head = head, body_at = ____end, body_bytes = body_bytes, bytes = bytes}
end
return ____exports
