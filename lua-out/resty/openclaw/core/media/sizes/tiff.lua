local ____exports = {}
local math_max = math.max
local string_sub = string.sub
local integers = require("resty.openclaw.core.bytes.integers")
local byte_source = require("resty.openclaw.core.files.byte_source")
local byte_source_all = byte_source.all
local byte_source_some = byte_source.some
local LITTLE = {
    short = integers.low_2,
    long = integers.low_4,
    count = integers.low_2,
    offset = integers.low_4,
    offset_at = 4,
    offset_bytes = 4,
    count_bytes = 2,
    entry_bytes = 12
}
local BIG = {
    short = integers.high_2,
    long = integers.high_4,
    count = integers.high_2,
    offset = integers.high_4,
    offset_at = 4,
    offset_bytes = 4,
    count_bytes = 2,
    entry_bytes = 12
}
local LITTLE_64 = {
    short = integers.low_2,
    long = integers.low_4,
    count = integers.low_8,
    offset = integers.low_8,
    offset_at = 8,
    offset_bytes = 8,
    count_bytes = 8,
    entry_bytes = 20
}
local BIG_64 = {
    short = integers.high_2,
    long = integers.high_4,
    count = integers.high_8,
    offset = integers.high_8,
    offset_at = 8,
    offset_bytes = 8,
    count_bytes = 8,
    entry_bytes = 20
}
local LAYOUTS = {}
LAYOUTS["II*\0"] = LITTLE
LAYOUTS["MM\0*"] = BIG
LAYOUTS["II+\0\b\0\0\0"] = LITTLE_64
LAYOUTS["MM\0+\0\b\0\0"] = BIG_64
--- Tags and types: TIFF 6.0, sections 2 and 15, and appendix A.
local WIDTH = 256
local HEIGHT = 257
local TILE_WIDTH = 322
local TILE_HEIGHT = 323
local SHORT = 3
local LONG = 4
local LONG_8 = 16
local function layout_of(first)
    return LAYOUTS[string_sub(first, 1, 4)] or LAYOUTS[string_sub(first, 1, 8)]
end
--- Byte order and version; of a BigTIFF the size of its offsets too. Phases: any.
local function is_one(first)
    return layout_of(first) ~= nil
end
____exports.is_one = is_one
local function is_side(tag)
    return tag == WIDTH or tag == HEIGHT or tag == TILE_WIDTH or tag == TILE_HEIGHT
end
--- The number in an entry of the directory; nothing where it is none, or there are several.
local function value(layout, entry)
    local type_code = layout.short(entry, 3)
    local at = 5 + layout.offset_bytes
    if layout.offset(entry, 5) ~= 1 then
        return nil
    end
    if type_code == SHORT then
        return layout.short(entry, at)
    end
    if type_code == LONG then
        return layout.long(entry, at)
    end
    if type_code == LONG_8 and layout.offset_bytes == 8 then
        return layout.offset(entry, at)
    end
    return nil
end
--- Where the first directory is; nothing where it is outside of the file, or in the header.
local function directory(source, layout)
    local bytes = byte_source_all(source, layout.offset_at, layout.offset_bytes)
    if bytes == nil then
        return nil
    end
    local at = layout.offset(bytes, 1)
    return at >= layout.offset_at + layout.offset_bytes and at < source.bytes and at or nil
end
--- Width and height in pixels; nothing where they are missing, or they or the sides of tiles come twice or are 0. Phases: any.
local function size(source)
    local layout = layout_of(byte_source_some(source, 0, 8))
    local ____temp_0
    if layout == nil then
        ____temp_0 = nil
    else
        ____temp_0 = directory(source, layout)
    end
    local at = ____temp_0
    if layout == nil or at == nil then
        return nil
    end
    local count_bytes = byte_source_all(source, at, layout.count_bytes)
    local count = count_bytes == nil and 0 or layout.count(count_bytes, 1)
    local sides = {}
    for index = 0, count - 1 do
        local entry = byte_source_all(source, at + layout.count_bytes + index * layout.entry_bytes, layout.entry_bytes)
        if entry == nil then
            return nil
        end
        local tag = layout.short(entry, 1)
        if is_side(tag) then
            local side = value(layout, entry) or 0
            if side == 0 or sides[tag] ~= nil then
                return nil
            end
            sides[tag] = side
        end
    end
    local width = sides[WIDTH]
    local height = sides[HEIGHT]
    if width == nil or height == nil then
        return nil
    end
    return math_max(width, sides[TILE_WIDTH] or 0), math_max(height, sides[TILE_HEIGHT] or 0)
end
____exports.size = size
--- How many directories follow each other, each of which is an image; `most` if they are more, or form a ring. Phases: any.
local function pages(source, most)
    local layout = layout_of(byte_source_some(source, 0, 8))
    local ____temp_1
    if layout == nil then
        ____temp_1 = nil
    else
        ____temp_1 = directory(source, layout)
    end
    local at = ____temp_1
    if layout == nil or at == nil then
        return 0
    end
    for found = 1, most - 1 do
        local count_bytes = byte_source_all(source, at, layout.count_bytes)
        if count_bytes == nil then
            return found - 1
        end
        local ____end = at + layout.count_bytes + layout.count(count_bytes, 1) * layout.entry_bytes
        local next = byte_source_all(source, ____end, layout.offset_bytes)
        at = next == nil and 0 or layout.offset(next, 1)
        if at == 0 then
            return found
        end
    end
    return most
end
____exports.pages = pages
return ____exports
