local ____exports = {}
local ipairs = ipairs
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_copy = ffi.copy
local c_memory = require("resty.openclaw.core.memory.c_memory")
local c_memory_allocate = c_memory.allocate
local base64 = require("resty.openclaw.image.conversion.body_images.base64")
local base64_encode = base64.encode
local base64_letters_of = base64.letters_of
local json_text = require("resty.openclaw.image.conversion.body_images.json_text")
local json_text_escape = json_text.escape
local json_text_escaped_bytes = json_text.escaped_bytes
local json_text_unescape = json_text.unescape
--- Nothing was noted yet. Phases: any.
local function create()
    return {pieces = {}, most_bytes = 0}
end
____exports.new = create
--- Adds a text. Phases: any.
local function put(output, text)
    local memory = ffi_cast("const uint8_t *", text)
    local ____output_pieces_0 = output.pieces
    ____output_pieces_0[#____output_pieces_0 + 1] = {
        kind = "bytes",
        memory = memory,
        from = 0,
        count = #text,
        text = text
    }
    output.most_bytes = output.most_bytes + #text
end
____exports.put = put
local function room_of(kind, memory, from, count)
    if kind == "base64" then
        return base64_letters_of(count)
    end
    return kind == "escaped" and json_text_escaped_bytes(memory, from, count) or count
end
--- Adds bytes from memory, which must stay until the end: as they are, in base64, as the text in a string of JSON, or as the text that such a
-- string stands for. Phases: any.
local function put_memory(output, kind, memory, from, count)
    local ____output_pieces_1 = output.pieces
    ____output_pieces_1[#____output_pieces_1 + 1] = {
        kind = kind,
        memory = memory,
        from = from,
        count = count,
        text = nil
    }
    output.most_bytes = output.most_bytes + room_of(kind, memory, from, count)
end
____exports.put_memory = put_memory
--- Writes a piece, and returns how many bytes it has.
local function write(piece, target)
    local ____piece_2 = piece
    local kind = ____piece_2.kind
    local memory = ____piece_2.memory
    local from = ____piece_2.from
    local count = ____piece_2.count
    if kind == "unescaped" then
        return json_text_unescape(memory, from, count, target)
    end
    if kind == "base64" then
        base64_encode(memory + from, count, target)
    elseif kind == "escaped" then
        json_text_escape(memory, from, count, target)
    else
        ffi_copy(target, memory + from, count)
    end
    return room_of(kind, memory, from, count)
end
--- Writes all pieces into memory of `c_memory`; returns it and how many bytes there are, nothing if there is no memory. Phases: any.
local function finish(output)
    local memory = c_memory_allocate(output.most_bytes)
    if memory == nil then
        return nil
    end
    local bytes = 0
    for ____, piece in ipairs(output.pieces) do
        bytes = bytes + write(piece, memory + bytes)
    end
    return memory, bytes
end
____exports.finish = finish
return ____exports
