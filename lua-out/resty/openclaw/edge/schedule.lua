local ____exports = {}
local math_floor = math.floor
local string_sub = string.sub
local table_remove = table.remove
local ids = require("resty.openclaw.edge.store.id")
local ids_time_of = ids.time_of
local ids_time_text = ids.time_text
--- Where the id begins in an entry.
local ID_AT = 14
local function push(heap, entry)
    local at = #heap
    while at > 0 do
        local parent = math_floor((at - 1) / 2)
        if heap[parent + 1] <= entry then
            break
        end
        heap[at + 1] = heap[parent + 1]
        at = parent
    end
    heap[at + 1] = entry
end
local function pop(heap)
    local last = table_remove(heap)
    local count = #heap
    if last == nil or count == 0 then
        return
    end
    local at = 0
    while true do
        local child = 2 * at + 1
        if child >= count then
            break
        end
        if child + 1 < count and heap[child + 1 + 1] < heap[child + 1] then
            child = child + 1
        end
        if last <= heap[child + 1] then
            break
        end
        heap[at + 1] = heap[child + 1]
        at = child
    end
    heap[at + 1] = last
end
--- Adds an id that is due at that moment, which must not be before 0. Phases: any.
local function add(schedule, id, at)
    push(
        schedule,
        (ids_time_text(at) .. "-") .. id
    )
end
____exports.add = add
--- The first id and when it is due; nothing when the schedule is empty. Phases: any.
local function first(schedule)
    local entry = schedule[1]
    if entry == nil then
        return
    end
    return string_sub(entry, ID_AT), ids_time_of(entry)
end
____exports.first = first
--- Removes the first id, if there is one. Phases: any.
local function drop_first(schedule)
    pop(schedule)
end
____exports.drop_first = drop_first
--- Removes and returns the first id that is due by that moment; nothing when none is. Phases: any.
local function take(schedule, now)
    local entry = schedule[1]
    if entry == nil or string_sub(entry, 1, ID_AT - 2) > ids_time_text(now) then
        return nil
    end
    pop(schedule)
    return (string_sub(entry, ID_AT))
end
____exports.take = take
return ____exports
