local ____exports = {}
local math_max = math.max
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local regions = require("resty.openclaw.core.bytes.region")
local regions_LEAST_BYTES = regions.LEAST_BYTES
local regions_resize = regions.resize
ffi_cdef("struct openclaw_json_member { double key; int32_t begins, name_bytes, ends, next, objects, is_ignored; };")
ffi_cdef("struct openclaw_json_object { int32_t begins, ends, first, order, after, unordered; };")
local NO_MEMBER = -1
____exports.NO_MEMBER = NO_MEMBER
--- Whether the members of an object are to be written as they stand, all but ignored ones, or in another order.
local IN_ORDER = 0
____exports.IN_ORDER = IN_ORDER
local WITH_GAPS = 1
____exports.WITH_GAPS = WITH_GAPS
local OUT_OF_ORDER = 2
____exports.OUT_OF_ORDER = OUT_OF_ORDER
local MEMBER_BYTES = 32
local OBJECT_BYTES = 24
--- Makes a table so long. False if there is no room; then there is a problem.
local function make_room(json, region, wanted)
    if wanted > json.settings.max_bytes and wanted > regions_LEAST_BYTES then
        json.problem = "too_large"
        return false
    end
    if not regions_resize(
        region,
        math_max(2 * region.bytes, regions_LEAST_BYTES)
    ) then
        json.problem = "no_memory"
        return false
    end
    return true
end
--- A member begins at the end of the text so far. False if there is no room; then there is a problem. Phases: any.
local function add_member(json)
    local at = json.member_count
    local wanted = (at + 1) * MEMBER_BYTES
    if wanted > json.member_region.bytes then
        if not make_room(json, json.member_region, wanted) then
            return false
        end
        local members = ffi_cast("struct openclaw_json_member *", json.member_region.memory)
        json.members = members
    end
    local member = json.members[at]
    member.begins = json.text_bytes
    member.next = NO_MEMBER
    member.objects = json.object_count
    member.is_ignored = 0
    json.member_count = at + 1
    return true
end
____exports.add_member = add_member
--- An object begins at the end of the text so far. As `add_member`.
local function add_object(json)
    local at = json.object_count
    local wanted = (at + 1) * OBJECT_BYTES
    if wanted > json.object_region.bytes then
        if not make_room(json, json.object_region, wanted) then
            return false
        end
        local objects = ffi_cast("struct openclaw_json_object *", json.object_region.memory)
        json.objects = objects
    end
    local object = json.objects[at]
    object.begins = json.text_bytes
    object.first = NO_MEMBER
    object.order = IN_ORDER
    json.object_count = at + 1
    return true
end
____exports.add_object = add_object
return ____exports
