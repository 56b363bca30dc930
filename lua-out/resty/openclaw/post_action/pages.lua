local ____exports = {}
local table_concat = table.concat
local ffi = require("ffi")
local ffi_string = ffi.string
local string_buffer = require("string.buffer")
local string_buffer_new = string_buffer.new
--- A page holds this much, or one longer line. A single page for all would be copied as a whole when it grows.
local PAGE_BYTES = 262144
--- An empty queue. Phases: any.
local function create()
    local pages = {}
    pages[1] = string_buffer_new()
    return {pages = pages, first = 1, last = 1}
end
____exports.new = create
--- Appends a copy of a line, which has no line end yet. Phases: any.
local function add(pages, line)
    local page = pages.pages[pages.last]
    local bytes = #page
    if bytes > 0 and bytes + #line >= PAGE_BYTES then
        page = string_buffer_new()
        pages.last = pages.last + 1
        pages.pages[pages.last] = page
    end
    page:put(line, "\n")
end
____exports.add = add
--- Drops the first page if it is empty and not the last one.
local function drop_empty_page(pages)
    if pages.first == pages.last or #pages.pages[pages.first] > 0 then
        return
    end
    pages.pages[pages.first] = nil
    pages.first = pages.first + 1
end
--- The first line without its line end. `bytes`: its length with the line end. Phases: any.
local function first(pages, bytes)
    local memory = pages.pages[pages.first]:ref()
    return (ffi_string(memory, bytes - 1))
end
____exports.first = first
--- Removes the first line. `bytes`: its length with the line end. Phases: any.
local function drop(pages, bytes)
    pages.pages[pages.first]:skip(bytes)
    drop_empty_page(pages)
end
____exports.drop = drop
--- Removes the first lines, which have so many bytes with their line ends, and returns them. Phases: any.
local function take(pages, bytes)
    local text = pages.pages[pages.first]:get(bytes)
    drop_empty_page(pages)
    if #text == bytes then
        return text
    end
    local parts = {text}
    local left = bytes - #text
    while left > 0 do
        text = pages.pages[pages.first]:get(left)
        drop_empty_page(pages)
        parts[#parts + 1] = text
        left = left - #text
    end
    return (table_concat(parts))
end
____exports.take = take
return ____exports
