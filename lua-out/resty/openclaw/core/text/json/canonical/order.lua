local ____exports = {}
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
local function append(sort, member)
    if sort.last == NO_MEMBER then
        sort.first = member
    else
        sort.members[sort.last].next = member
    end
    sort.last = member
end
--- Whether the next member of the left run comes first.
local function is_left_first(sort)
    if sort.right_count == 0 or sort.right == NO_MEMBER then
        return true
    end
    if sort.left_count == 0 then
        return false
    end
    local left = sort.members[sort.left]
    local right = sort.members[sort.right]
    local difference = compare(
        sort.text,
        left.begins + 1,
        left.name_bytes,
        right.begins + 1,
        right.name_bytes
    )
    if difference == 0 then
        sort.has_duplicate = true
    end
    return difference < 0
end
--- Merges two runs, each of so many members, or fewer at the end of the list.
local function merge(sort, width)
    sort.right = sort.left
    sort.left_count = 0
    while sort.left_count < width and sort.right ~= NO_MEMBER do
        sort.right = sort.members[sort.right].next
        sort.left_count = sort.left_count + 1
        take_step(sort)
    end
    sort.right_count = width
    while sort.left_count > 0 or sort.right_count > 0 and sort.right ~= NO_MEMBER do
        if is_left_first(sort) then
            append(sort, sort.left)
            sort.left = sort.members[sort.left].next
            sort.left_count = sort.left_count - 1
        else
            append(sort, sort.right)
            sort.right = sort.members[sort.right].next
            sort.right_count = sort.right_count - 1
        end
        take_step(sort)
    end
    sort.left = sort.right
end
--- Sorts runs of `width` members into runs of twice as many. Whether there was more than one of these.
local function pass(sort, width)
    sort.left = sort.first
    sort.first = NO_MEMBER
    sort.last = NO_MEMBER
    local runs = 0
    while sort.left ~= NO_MEMBER do
        merge(sort, width)
        runs = runs + 1
    end
    sort.members[sort.last].next = NO_MEMBER
    return runs > 1
end
--- Sorts an object of two members that are in the wrong order, as most are that are: it needs no comparison.
local function swap(members, object, second)
    members[second].next = object.first
    members[object.first].next = NO_MEMBER
    object.first = second
end
local function sort_object(sort, object)
    local second = sort.members[object.first].next
    if sort.members[second].next == NO_MEMBER then
        return swap(sort.members, object, second)
    end
    sort.first = object.first
    local width = 1
    while pass(sort, width) do
        width = width * 2
    end
    object.first = sort.first
end
--- Sorts the members of all objects that are out of order, and says of each object which one is the next to be written member by
-- member. False if one has a name twice. Calls `breathe` after less than a millisecond each.
local function sort_all(json, breathe)
    local sort = {
        text = json.text,
        members = json.members,
        breathe = breathe,
        steps = 0,
        left = NO_MEMBER,
        left_count = 0,
        right = NO_MEMBER,
        right_count = 0,
        first = NO_MEMBER,
        last = NO_MEMBER,
        has_duplicate = false
    }
    local unordered = json.object_count
    for at = json.object_count - 1, 0, -1 do
        local object = json.objects[at]
        if object.order ~= IN_ORDER then
            unordered = at
        end
        object.unordered = unordered
        if object.order == OUT_OF_ORDER then
            sort_object(sort, object)
        end
        take_step(sort)
    end
    return not sort.has_duplicate
end
____exports.sort_all = sort_all
return ____exports
