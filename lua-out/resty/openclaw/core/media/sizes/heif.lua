local ____exports = {}
local ipairs = ipairs
local math_min = math.min
local string_sub = string.sub
local integers = require("resty.openclaw.core.bytes.integers")
local integers_high_4 = integers.high_4
local integers_high_8 = integers.high_8
local byte_source = require("resty.openclaw.core.files.byte_source")
local byte_source_all = byte_source.all
local byte_source_some = byte_source.some
local HEIF = "image/heif"
____exports.HEIF = HEIF
local AVIF = "image/avif"
____exports.AVIF = AVIF
local BOX_HEADER = 8
--- Where a box has its length in 8 bytes after its type.
local LONG_BOX_HEADER = 16
--- The version and the flags of a "full" box.
local FULL = 4
--- The first brand, its version, and then others of 4 bytes each.
local FIRST_BRAND = 9
local OTHER_BRANDS = 17
local BRAND = 4
--- Brands of still images and sequences: coded as HEVC (23008-12, annex B), as AV1 (AVIF 1.1, section 6), or as something.
local HEVC_BRANDS = {}
local AV1_BRANDS = {}
local GENERAL_BRANDS = {}
for ____, brand in ipairs({
    "heic",
    "heix",
    "heim",
    "heis",
    "hevc",
    "hevx",
    "hevm",
    "hevs"
}) do
    HEVC_BRANDS[brand] = true
end
for ____, brand in ipairs({"avif", "avis"}) do
    AV1_BRANDS[brand] = true
end
for ____, brand in ipairs({"mif1", "mif2", "msf1"}) do
    GENERAL_BRANDS[brand] = true
end
--- `image/heif` or `image/avif`, by the brands among the first bytes; nothing where it is neither. Phases: any.
local function media_type(first)
    if string_sub(first, 5, 8) ~= "ftyp" then
        return nil
    end
    local major = string_sub(first, FIRST_BRAND, FIRST_BRAND + BRAND - 1)
    if AV1_BRANDS[major] ~= nil then
        return AVIF
    end
    if HEVC_BRANDS[major] ~= nil then
        return HEIF
    end
    if not (GENERAL_BRANDS[major] ~= nil) then
        return nil
    end
    local ____end = math_min(
        #first,
        integers_high_4(first, 1)
    )
    for at = OTHER_BRANDS, ____end - BRAND + 1, BRAND do
        if AV1_BRANDS[string_sub(first, at, at + BRAND - 1)] ~= nil then
            return AVIF
        end
    end
    return HEIF
end
____exports.media_type = media_type
--- A box: its type, where its contents begin, and where they end; nothing where none begins there.
local function box(source, at, limit)
    local header = byte_source_some(source, at, LONG_BOX_HEADER)
    if #header < BOX_HEADER then
        return nil
    end
    local kind = string_sub(header, 5, 8)
    local bytes = integers_high_4(header, 1)
    if bytes == 0 then
        return kind, at + BOX_HEADER, limit
    end
    local is_long = bytes == 1
    if is_long and #header < LONG_BOX_HEADER then
        return nil
    end
    local from = at + (is_long and LONG_BOX_HEADER or BOX_HEADER)
    local ____end = at + (is_long and integers_high_8(header, 9) or bytes)
    if ____end < from or ____end > limit then
        return nil
    end
    return kind, from, ____end
end
--- Where the contents of the first box of that type begin and end.
local function find(source, wanted, from, limit)
    local at = from
    while at < limit do
        local kind, contents, ____end = box(source, at, limit)
        if kind == nil then
            return nil
        end
        if kind == wanted then
            return contents, ____end
        end
        at = ____end
    end
    return nil
end
--- The properties of all images.
local function properties(source)
    local meta, meta_end = find(source, "meta", 0, source.bytes)
    if meta == nil then
        return nil
    end
    local all, all_end = find(source, "iprp", meta + FULL, meta_end)
    if all == nil then
        return nil
    end
    local from, ____end = find(source, "ipco", all, all_end)
    if from == nil then
        return nil
    end
    return from, ____end
end
--- Width and height in pixels of the largest image; nothing where there is none, or one has a side of 0. Phases: any.
local function size(source)
    local first, limit = properties(source)
    if first == nil then
        return nil
    end
    local at = first
    local width = 0
    local height = 0
    while at < limit do
        local kind, from, ____end = box(source, at, limit)
        if kind == nil then
            return nil
        end
        if kind == "ispe" then
            local sides = byte_source_all(source, from + FULL, 8)
            if sides == nil or ____end - from < FULL + 8 then
                return nil
            end
            local its_width = integers_high_4(sides, 1)
            local its_height = integers_high_4(sides, 5)
            if its_width == 0 or its_height == 0 then
                return nil
            end
            if its_width * its_height > width * height then
                width = its_width
                height = its_height
            end
        end
        at = ____end
    end
    if width == 0 then
        return nil
    end
    return width, height
end
____exports.size = size
return ____exports
