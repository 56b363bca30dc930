local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local math_min = math.min
local lines = require("resty.openclaw.post_action.pages")
local lines_add = lines.add
local lines_drop = lines.drop
local lines_first = lines.first
local lines_new = lines.new
local lines_take = lines.take
local table_new = require("table.new")
--- The oldest line; nothing where the queue is empty.
local function first(self)
    local ____temp_0
    if self.entries == 0 then
        ____temp_0 = nil
    else
        ____temp_0 = lines_first(self.pages, self.lengths[self.head])
    end
    return ____temp_0
end
--- Removes the oldest line.
local function drop_first(self)
    local bytes = self.lengths[self.head]
    lines_drop(self.pages, bytes)
    self.head = self.head == self.max_entries and 1 or self.head + 1
    self.entries = self.entries - 1
    self.bytes = self.bytes - bytes
end
local function has_room(queue, bytes)
    return queue.entries + queue.entries_in_flight < queue.max_entries and queue.bytes + queue.bytes_in_flight + bytes <= queue.max_bytes
end
local function offer(self, line, at)
    local bytes = #line + 1
    local dropped = 0
    while not has_room(self, bytes) do
        local possible = self.drop_oldest and self.entries > 0 and self.bytes_in_flight + bytes <= self.max_bytes
        if not possible then
            return false, dropped
        end
        self:drop_first()
        dropped = dropped + 1
    end
    local tail = self.head + self.entries
    if tail > self.max_entries then
        tail = tail - self.max_entries
    end
    lines_add(self.pages, line)
    self.lengths[tail] = bytes
    self.times[tail] = at
    self.entries = self.entries + 1
    self.bytes = self.bytes + bytes
    return true, dropped
end
--- How many lines the next batch has, and their bytes: at least one line, unless the queue is empty.
local function measure(queue, most_entries, most_bytes)
    local most = math_min(queue.entries, most_entries)
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
local function take(self, most_entries, most_bytes)
    local count, bytes = measure(self, most_entries, most_bytes)
    local oldest = self.times[self.head]
    self.head = (self.head + count - 1) % self.max_entries + 1
    self.entries = self.entries - count
    self.bytes = self.bytes - bytes
    self.entries_in_flight = count
    self.bytes_in_flight = bytes
    return lines_take(self.pages, bytes), count, oldest
end
local function oldest_at(self)
    local ____temp_1
    if self.entries == 0 then
        ____temp_1 = nil
    else
        ____temp_1 = self.times[self.head]
    end
    return ____temp_1
end
local function done(self, entries, bytes)
    self.entries_in_flight = self.entries_in_flight - entries
    self.bytes_in_flight = self.bytes_in_flight - bytes
end
local function settle(self)
    self.entries_in_flight = 0
    self.bytes_in_flight = 0
end
local function give_back(self, rest)
    local entries = 0
    for ____, part in ipairs(rest) do
        entries = entries + part.entries
    end
    self:settle()
    return entries
end
local function clear(self)
    local dropped = self.entries
    while self.entries > 0 do
        self:drop_first()
    end
    return dropped
end
--- For what a queue in memory does not need.
local function do_nothing()
    return
end
local metatable = {__index = {
    first = first,
    drop_first = drop_first,
    offer = offer,
    take = take,
    oldest_at = oldest_at,
    done = done,
    settle = settle,
    give_back = give_back,
    clear = clear,
    maintain = do_nothing,
    wait = do_nothing
}}
--- An empty queue.
local function create(max_entries, max_bytes, drop_oldest)
    local fields = {
        is_durable = false,
        max_entries = max_entries,
        max_bytes = max_bytes,
        drop_oldest = drop_oldest,
        pages = lines_new(),
        lengths = table_new(max_entries, 0),
        times = table_new(max_entries, 0),
        head = 1,
        entries = 0,
        bytes = 0,
        entries_in_flight = 0,
        bytes_in_flight = 0,
        broken = 0,
        evicted = 0
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
