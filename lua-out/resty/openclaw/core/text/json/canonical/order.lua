local ____exports = {}
local math_min = math.min
local ffi = require("ffi")
local ffi_cast = ffi.cast
local regions = require("resty.openclaw.core.bytes.region")
local regions_resize = regions.resize
local ____names = require("resty.openclaw.core.text.json.canonical.names")
local compare = ____names.compare
local ____records = require("resty.openclaw.core.text.json.canonical.records")
local records_IN_ORDER = ____records.IN_ORDER
local records_NO_MEMBER = ____records.NO_MEMBER
local records_OUT_OF_ORDER = ____records.OUT_OF_ORDER
local IN_ORDER = records_IN_ORDER
local NO_MEMBER = records_NO_MEMBER
local OUT_OF_ORDER = records_OUT_OF_ORDER
--- Between two looks at the clock: names are 1 KiB at most.
local STEPS = 128
local function take_step(sort)
    sort.steps = sort.steps + 1
    if sort.steps % STEPS == 0 and sort.breathe ~= nil then
        sort.breathe()
    end
end
local function is_before(sort, left, right)
    local difference = compare(sort.text, sort.members[left], sort.members[right])
    if difference == 0 then
        sort.has_duplicate = true
    end
    return difference < 0
end
--- Merges each two runs of `width` members. One flat loop, because LuaJIT compiles short ones badly.
local function pass(sort, width)
    local ____sort_0 = sort
    local from = ____sort_0.from
    local to = ____sort_0.to
    local count = ____sort_0.count
    local left, left_end, right, right_end = 0, 0, 0, 0
    local at = 0
    while at < count do
        if at == right_end then
            left = at
            left_end = math_min(at + width, count)
            right = left_end
            right_end = math_min(left_end + width, count)
        end
        local is_left = right == right_end or left < left_end and is_before(sort, from[left], from[right])
        to[at] = from[is_left and left or right]
        if is_left then
            left = left + 1
        else
            right = right + 1
        end
        at = at + 1
        take_step(sort)
    end
    sort.from = to
    sort.to = from
end
--- How many members an object has.
local function count_members(sort, object)
    local count = 0
    local member = object.first
    while member ~= NO_MEMBER do
        member = sort.members[member].next
        count = count + 1
        take_step(sort)
    end
    return count
end
--- Fills `from` with the members of the object.
local function collect(sort, object)
    local at = 0
    local member = object.first
    while member ~= NO_MEMBER do
        sort.from[at] = member
        member = sort.members[member].next
        at = at + 1
        take_step(sort)
    end
end
--- Links the members of the object in their new order.
local function link(sort, object)
    local ____sort_1 = sort
    local from = ____sort_1.from
    local members = ____sort_1.members
    local next = NO_MEMBER
    for at = sort.count - 1, 0, -1 do
        local member = from[at]
        members[member].next = next
        next = member
        take_step(sort)
    end
    object.first = next
end
--- Sorts an object of two members that are in the wrong order, as most are that are: it needs no comparison.
local function swap(members, object, second)
    members[second].next = object.first
    members[object.first].next = NO_MEMBER
    object.first = second
end
--- False if there is no memory.
local function sort_object(json, sort, object)
    local second = sort.members[object.first].next
    if sort.members[second].next == NO_MEMBER then
        swap(sort.members, object, second)
        return true
    end
    local count = count_members(sort, object)
    if 8 * count > json.sort_region.bytes and not regions_resize(json.sort_region, 8 * count) then
        return false
    end
    sort.count = count
    sort.from = ffi_cast("int32_t *", json.sort_region.memory)
    sort.to = sort.from + count
    collect(sort, object)
    local width = 1
    while width < count do
        pass(sort, width)
        width = width * 2
    end
    link(sort, object)
    return true
end
--- Sorts the members of all objects that are out of order, and says of each object which one is the next to be written member by
-- member. Sets the problem if one has a name twice. Calls `breathe` after less than a millisecond each. Phases: any.
local function sort_all(json, breathe)
    local ____json_2 = json
    local text = ____json_2.text
    local members = ____json_2.members
    local sort = {
        text = text,
        members = members,
        breathe = breathe,
        steps = 0,
        from = text,
        to = text,
        count = 0,
        has_duplicate = false
    }
    local unordered = json.object_count
    for at = json.object_count - 1, 0, -1 do
        local object = json.objects[at]
        if object.order ~= IN_ORDER then
            unordered = at
        end
        object.unordered = unordered
        if object.order == OUT_OF_ORDER and not sort_object(json, sort, object) then
            json.problem = "no_memory"
        end
        take_step(sort)
    end
    if sort.has_duplicate then
        json.problem = "duplicate_name"
    end
end
____exports.sort_all = sort_all
return ____exports
