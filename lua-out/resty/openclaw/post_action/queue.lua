local ____exports = {}
local lines = require("resty.openclaw.post_action.pages")
local table_new = require("table.new")
--- The oldest waiting line; nothing where none waits.
local function first(self)
    local ____temp_0
    if self.entries == 0 then
        ____temp_0 = nil
    else
        ____temp_0 = lines.first(self.pages, self.lengths[self.head])
    end
    return ____temp_0
end
--- Lets go of the oldest waiting line.
local function drop_first(self)
    local bytes = self.lengths[self.head]
    lines.drop(self.pages, bytes)
    self.head = self.head == self.max_entries and 1 or self.head + 1
    self.entries = self.entries - 1
    self.bytes = self.bytes - bytes
end
local function has_room(queue, bytes)
    return queue.entries + queue.flying_entries < queue.max_entries and queue.bytes + queue.flying_bytes + bytes <= queue.max_bytes
end
local function offer(self, line, at)
    if at == nil then
        at = 0
    end
    local bytes = #line + 1
    local dropped = 0
    while not has_room(self, bytes) do
        local possible = self.drop_oldest and self.entries > 0 and self.flying_bytes + bytes <= self.max_bytes
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
    lines.add(self.pages, line)
    self.lengths[tail] = bytes
    self.times[tail] = at
    self.entries = self.entries + 1
    self.bytes = self.bytes + bytes
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
local function take(self, most_entries, most_bytes)
    local count, bytes = measure(self, most_entries, most_bytes)
    local oldest = self.times[self.head]
    self.head = (self.head + count - 1) % self.max_entries + 1
    self.entries = self.entries - count
    self.bytes = self.bytes - bytes
    self.flying_entries = count
    self.flying_bytes = bytes
    return lines.take(self.pages, bytes), count, oldest
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
local function land(self, entries, bytes)
    self.flying_entries = self.flying_entries - entries
    self.flying_bytes = self.flying_bytes - bytes
end
local function settle(self)
    self.flying_entries = 0
    self.flying_bytes = 0
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
--- There is nothing to do, and nothing to wait for.
local function nothing()
    return
end
local metatable = {__index = {
    first = first,
    drop_first = drop_first,
    offer = offer,
    take = take,
    oldest_at = oldest_at,
    land = land,
    settle = settle,
    give_back = give_back,
    clear = clear,
    tend = nothing,
    wait = nothing
}}
--- An empty queue.
local function create(max_entries, max_bytes, drop_oldest)
    local fields = {
        is_durable = false,
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
        flying_bytes = 0,
        broken = 0,
        ousted = 0
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
