local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local table_concat = table.concat
local ffi = require("ffi")
local ffi_string = ffi.string
--- Longer ones are given up: nobody knows then whether two bodies ask the same.
local MOST_BYTES = 65536
--- A text with its length before it, so that no two lists of texts are the same.
local function framed(text)
    return (tostring(#text) .. ":") .. text
end
local function between(memory, from, ____end)
    return framed(ffi_string(memory + from, ____end - from))
end
local function outside(memory, count, edits, texts)
    local at = 0
    for ____, ____value in ipairs(edits) do
        local from = ____value.from
        local ____end = ____value["end"]
        local as = ____value.as
        texts[#texts + 1] = between(memory, at, from) .. as
        at = ____end
    end
    texts[#texts + 1] = between(memory, at, count)
end
local function of_parts(memory, parts, texts)
    for ____, ____value in ipairs(parts) do
        local name = ____value.name
        local file_name = ____value.file_name
        local ____type = ____value.type
        local from = ____value.from
        local count = ____value.count
        local image = ____value.image
        texts[#texts + 1] = (framed(name) .. framed(file_name or "")) .. framed(____type or "")
        if image == 0 then
            texts[#texts + 1] = between(memory, from, from + count)
        end
    end
end
local function of_fields(memory, fields, texts)
    for ____, ____value in ipairs(fields) do
        local name = ____value.name
        local kind = ____value.kind
        local from = ____value.from
        local count = ____value.count
        texts[#texts + 1] = (framed(name) .. kind) .. between(memory, from, from + count)
    end
end
--- How many bytes there are beside the images.
local function bytes_beside(____bindingPattern0)
    local images
    local count
    count = ____bindingPattern0.count
    images = ____bindingPattern0.images
    local bytes = count
    for ____, image in ipairs(images) do
        bytes = bytes - image.count
    end
    return bytes
end
--- The text; nothing if it is too long to be compared. Phases: any.
local function of(reading)
    local ____reading_0 = reading
    local memory = ____reading_0.memory
    local count = ____reading_0.count
    local edits = ____reading_0.edits
    local parts = ____reading_0.parts
    local fields = ____reading_0.fields
    if bytes_beside(reading) > MOST_BYTES then
        return nil
    end
    local texts = {}
    if edits ~= nil then
        outside(memory, count, edits, texts)
    elseif parts ~= nil then
        of_parts(memory, parts, texts)
    else
        of_fields(memory, fields, texts)
    end
    return (table_concat(texts))
end
____exports.of = of
return ____exports
