local ____exports = {}
local ffi = require("ffi")
local string_buffer = require("string.buffer")
--- A page holds so much, or one line. One page alone would be moved as a whole when it grows.
local PAGE_BYTES = 262144
--- No lines. Phases: any.
local function create()
    local pages = {}
    pages[1] = string_buffer.new()
    return {pages = pages, first = 1, last = 1}
end
____exports.new = create
--- Copies a line, which has no end yet, behind the others. Phases: any.
function ____exports.add(pages, line)
    local page = pages.pages[pages.last]
    local bytes = #page
    if bytes > 0 and bytes + #line >= PAGE_BYTES then
        page = string_buffer.new()
        pages.last = pages.last + 1
        pages.pages[pages.last] = page
    end
    page:put(line, "\n")
end
--- Goes on to the next page when the first is empty.
local function turn(pages)
    if pages.first == pages.last or #pages.pages[pages.first] > 0 then
        return
    end
    pages.pages[pages.first] = nil
    pages.first = pages.first + 1
end
--- The first line without its end; it has so many bytes with it. Phases: any.
function ____exports.first(pages, bytes)
    local memory = pages.pages[pages.first]:ref()
    return ffi.string(memory, bytes - 1)
end
--- Lets go of the first line, which has so many bytes with its end. Phases: any.
function ____exports.drop(pages, bytes)
    pages.pages[pages.first]:skip(bytes)
    turn(pages)
end
--- Takes the first so many bytes out: some lines, each with its end. Phases: any.
function ____exports.take(pages, bytes)
    local text = pages.pages[pages.first]:get(bytes)
    turn(pages)
    if #text == bytes then
        return text
    end
    local parts = {text}
    local left = bytes - #text
    while left > 0 do
        text = pages.pages[pages.first]:get(left)
        turn(pages)
        parts[#parts + 1] = text
        left = left - #text
    end
    return table.concat(parts)
end
return ____exports
