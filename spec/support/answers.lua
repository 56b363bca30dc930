--- Answers as nodes give them, in the words of OpenAI's API, and a way to feed them to a reader.
local cjson = require("cjson")
local ffi = require("ffi")

local _M = { MODEL = "pond-7b" }

--- One event of a stream.
function _M.event(value, line_end)
    local text = type(value) == "string" and value or cjson.encode(value)
    line_end = line_end or "\n"
    return "data: " .. text .. line_end .. line_end
end

--- A chunk of a chat completion.
function _M.delta(delta, finish_reason)
    return {
        id = "chatcmpl-1",
        object = "chat.completion.chunk",
        model = _M.MODEL,
        choices = { { index = 0, delta = delta, finish_reason = finish_reason or cjson.null } },
        usage = cjson.null,
    }
end

--- A whole stream of a few words. Options: `line_end`, `usage`, `without_end`.
function _M.stream(options)
    options = options or {}
    local parts = {}
    local function add(value) parts[#parts + 1] = _M.event(value, options.line_end) end
    add(_M.delta({ role = "assistant", content = "" }))
    for _, word in ipairs({ "The ", 'data: "usage": ', "craw\\fish\n\n", "sleeps", "." }) do add(_M.delta({ content = word })) end
    if not options.without_end then
        add(_M.delta(cjson.decode("{}"), "stop"))
        if options.usage then add({ model = _M.MODEL, choices = {}, usage = options.usage }) end
        add("[DONE]")
    end
    return table.concat(parts)
end

--- A whole answer in one piece.
function _M.document(content)
    return cjson.encode({
        id = "chatcmpl-2",
        object = "chat.completion",
        model = _M.MODEL,
        choices = { { index = 0, message = { role = "assistant", content = content }, finish_reason = "length" } },
        usage = { prompt_tokens = 12, completion_tokens = 34, total_tokens = 46 },
    })
end

--- Feeds a reader with pieces, and returns what it has read.
function _M.read(reader, pieces, is_whole)
    for _, piece in ipairs(type(pieces) == "table" and pieces or { pieces }) do
        for at = 1, #piece, 16384 do
            local part = piece:sub(at, at + 16383)
            reader:feed(ffi.cast("const uint8_t *", part), #part)
        end
    end
    return reader:finish(is_whole ~= false)
end

--- Each byte for itself.
function _M.bytes(text)
    local bytes = {}
    for at = 1, #text do bytes[at] = text:sub(at, at) end
    return bytes
end

return _M
