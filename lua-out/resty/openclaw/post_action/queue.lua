local ____exports = {}
local lines = require("resty.openclaw.post_action.pages")
local table_new = require("table.new")
--- An empty queue.
local function create(max_entries, max_bytes, drop_oldest)
    return {
        max_entries = max_entries,
        max_bytes = max_bytes,
        drop_oldest = drop_oldest,
        pages = lines.new(),
        lengths = table_new(max_entries, 0),
        times = table_new(max_entries, 0),
        head = 1,
        entries = 0,
        bytes = 0,
        flying_entries = 0,
        flying_bytes = 0
    }
end
____exports.new = create
--- Lets go of the oldest waiting line.
local function drop_head(queue)
    local bytes = queue.lengths[queue.head]
    lines.drop(queue.pages, bytes)
    queue.head = queue.head == queue.max_entries and 1 or queue.head + 1
    queue.entries = queue.entries - 1
    queue.bytes = queue.bytes - bytes
end
local function has_room(queue, bytes)
    return queue.entries + queue.flying_entries < queue.max_entries and queue.bytes + queue.flying_bytes + bytes <= queue.max_bytes
end
--- Takes a line in that came `at` this time, unless there is no room for it. Returns whether it did, and how many older
-- ones it dropped.
function ____exports.offer(queue, line, at)
    if at == nil then
        at = 0
    end
    local bytes = #line + 1
    local dropped = 0
    while not has_room(queue, bytes) do
        local possible = queue.drop_oldest and queue.entries > 0 and queue.flying_bytes + bytes <= queue.max_bytes
        if not possible then
            return false, dropped
        end
        drop_head(queue)
        dropped = dropped + 1
    end
    local tail = queue.head + queue.entries
    if tail > queue.max_entries then
        tail = tail - queue.max_entries
    end
    lines.add(queue.pages, line)
    queue.lengths[tail] = bytes
    queue.times[tail] = at
    queue.entries = queue.entries + 1
    queue.bytes = queue.bytes + bytes
    return true, dropped
end
--- How many of the waiting lines make one batch, and their bytes; at least one line where one waits.
local function measure(queue, most_entries, most_bytes)
    local most = math.min(queue.entries, most_entries)
    local count = 0
    local bytes = 0
    local at = queue.head
    while count < most do
        local length = queue.lengths[at]
        if count > 0 and bytes + length > most_bytes then
            break
        end
        count = count + 1
        bytes = bytes + length
        at = at == queue.max_entries and 1 or at + 1
    end
    return count, bytes
end
--- The oldest lines as one text, a line end behind each, how many they are, and when the oldest came. They are in flight
-- from then on; only one batch may be.
function ____exports.take(queue, most_entries, most_bytes)
    local count, bytes = measure(queue, most_entries, most_bytes)
    local oldest = queue.times[queue.head]
    queue.head = (queue.head + count - 1) % queue.max_entries + 1
    queue.entries = queue.entries - count
    queue.bytes = queue.bytes - bytes
    queue.flying_entries = count
    queue.flying_bytes = bytes
    return lines.take(queue.pages, bytes), count, oldest
end
--- When the oldest waiting line came; nothing where none waits.
function ____exports.oldest_at(queue)
    local ____temp_0
    if queue.entries == 0 then
        ____temp_0 = nil
    else
        ____temp_0 = queue.times[queue.head]
    end
    return ____temp_0
end
--- Some of the batch in flight has arrived, or is given up.
function ____exports.land(queue, entries, bytes)
    queue.flying_entries = queue.flying_entries - entries
    queue.flying_bytes = queue.flying_bytes - bytes
end
--- All of the batch in flight has arrived, or is given up.
function ____exports.settle(queue)
    queue.flying_entries = 0
    queue.flying_bytes = 0
end
--- Drops every waiting line; returns how many.
function ____exports.clear(queue)
    local dropped = queue.entries
    while queue.entries > 0 do
        drop_head(queue)
    end
    return dropped
end
return ____exports
