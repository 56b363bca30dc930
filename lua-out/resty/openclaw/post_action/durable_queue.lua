local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local tostring = tostring
local math_ceil = math.ceil
local math_floor = math.floor
local math_max = math.max
local math_min = math.min
local string_find = string.find
local kinds = require("resty.openclaw.config.kinds")
local kinds_one_of = kinds.one_of
local kinds_whole = kinds.whole
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local problem_child = problem.child
local problem_refuse = problem.refuse
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_yield_now = time_slice.yield_now
local spools = require("resty.openclaw.spool")
local spools_FULL = spools.FULL
local spools_adopt = spools.adopt
local spools_append = spools.append
local spools_close = spools.close
local spools_finish = spools.finish
local spools_give_back = spools.give_back
local spools_new = spools.new
local spools_open = spools.open
local spools_take = spools.take
local spools_wait = spools.wait
local lines = require("resty.openclaw.post_action.lines")
local lines_split = lines.split
local ____file = require("resty.openclaw.post_action.sinks.file")
local file_PATH = ____file.PATH
local PATH = file_PATH
local KIB = 1024
local MIB = 1024 * KIB
local SCHEMA = {
    durable = option(kinds.flag, false, "whether entries wait [on disk](#on-disk), so that they survive the worker"),
    spool = computed(PATH, "required with `durable`", "absolute path of the folder that contains the sink's folder `name`; only with `durable`"),
    spool_bytes = option(
        kinds_whole(MIB),
        KIB * MIB,
        "maximum size of that folder, in bytes"
    ),
    fsync = option(
        kinds_one_of("always", "interval", "never"),
        "interval",
        "when files are synced to disk; [see below](#on-disk)"
    ),
    fsync_seconds = option(kinds.positive, 1, "with `\"interval\"`: seconds between two syncs"),
    thread_pool = option(kinds.text, "default", "the `thread_pool` of nginx that syncs files to disk")
}
____exports.SCHEMA = SCHEMA
local USUAL_SEGMENT_BYTES = 8 * MIB
local LEAST_SEGMENT_BYTES = 64 * KIB
--- The quota has at least so many segments, so that dropping one drops little.
local LEAST_SEGMENTS = 16
--- And at most about so many: all are looked at whenever a segment is begun, which then takes 1.5 ms.
local MOST_SEGMENTS = 1024
local ADOPT_SECONDS = 3
--- Lines moved from memory to disk before other requests are served: well below a millisecond.
local LINES_AT_A_STRETCH = 50
--- Updates the numbers that the queue shows.
local function update_totals(queue)
    local ____queue_0 = queue
    local spool = ____queue_0.spool
    local memory = ____queue_0.memory
    local figures = ____queue_0.figures
    queue.entries = spool.entries + memory.entries
    queue.bytes = spool.bytes + memory.bytes
    queue.broken = queue.broken + spool.broken
    spool.broken = 0
    figures.registry.region.mine[figures.bytes_slot] = spool.file_bytes
end
local function failed(queue, err)
    queue.faults:report(
        "spool",
        "sink ",
        queue.name,
        ": ",
        err
    )
end
local function offer(self, line, at)
    local given_up = 0
    if self.memory.entries == 0 then
        local written, err, dropped = spools_append(
            self.spool,
            tostring(line)
        )
        given_up = dropped
        if written == true or err == spools_FULL then
            update_totals(self)
            if written == true then
                self.figures.spilled:inc(1)
            end
            return written == true, given_up
        end
        failed(self, err)
    end
    local taken, dropped = self.memory:offer(line, at)
    if taken then
        self.figures.failures:inc(1)
    end
    update_totals(self)
    return taken, given_up + dropped
end
local function take(self, most_entries, most_bytes)
    local text, entries, oldest = spools_take(self.spool, most_entries, most_bytes)
    self.is_from_memory = entries == 0 and self.memory.entries > 0
    if self.is_from_memory then
        text, entries, oldest = self.memory:take(most_entries, most_bytes)
    end
    self.entries_in_flight = entries
    self.bytes_in_flight = #text
    update_totals(self)
    return text, entries, oldest
end
local function oldest_at(self)
    return self.spool.entries > 0 and self.spool.oldest_at or self.memory:oldest_at()
end
local function done(self, entries, bytes)
    self.entries_in_flight = self.entries_in_flight - entries
    self.bytes_in_flight = self.bytes_in_flight - bytes
    if self.is_from_memory then
        self.memory:done(entries, bytes)
    end
end
local function settle(self)
    self.entries_in_flight = 0
    self.bytes_in_flight = 0
    if self.is_from_memory then
        self.memory:settle()
    else
        spools_finish(self.spool)
    end
    update_totals(self)
end
--- Writes a line that was in memory to disk; false when that fails.
local function write_late(queue, line)
    local written, err, dropped = spools_append(queue.spool, line)
    queue.evicted = queue.evicted + dropped
    if written == true then
        queue.figures.spilled:inc(1)
    elseif err ~= spools_FULL then
        failed(queue, err)
    end
    return written == true
end
--- Writes lines that were in memory to disk; returns how many could not be written.
local function write_to_disk(queue, text)
    local lost = 0
    for ____, line in ipairs(lines_split(text)) do
        if not write_late(queue, line) then
            lost = lost + 1
        end
    end
    return lost
end
local function give_back(self, rest)
    local lost = 0
    if self.is_from_memory then
        self.memory:settle()
        for ____, part in ipairs(rest) do
            lost = lost + write_to_disk(self, part.text)
        end
    else
        spools_give_back(self.spool)
    end
    self.entries_in_flight = 0
    self.bytes_in_flight = 0
    update_totals(self)
    return lost
end
--- Moves the oldest line from memory to disk; false when there is none, or writing fails.
local function move_one(queue)
    local line = queue.memory:first()
    if line == nil or not write_late(queue, line) then
        return false
    end
    queue.memory:drop_first()
    return true
end
--- Leaves all entries to other workers. Entries in memory are lost, unless they can be written to disk now.
local function clear(self)
    while move_one(self) do
    end
    local lost = self.memory:clear()
    spools_close(self.spool)
    update_totals(self)
    return lost
end
--- Takes over the entries of workers that have ended.
local function adopt(queue)
    if clock_now() < queue.adopt_at or ngx.worker.exiting() then
        return
    end
    queue.adopt_at = clock_now() + ADOPT_SECONDS
    local ok, err = spools_open(queue.spool)
    if ok then
        spools_adopt(queue.spool)
    else
        failed(queue, err)
    end
end
local function maintain(self)
    adopt(self)
    local moved = 0
    while move_one(self) do
        moved = moved + 1
        update_totals(self)
        if moved % LINES_AT_A_STRETCH == 0 then
            time_slice_yield_now()
        end
    end
    update_totals(self)
end
local function wait(self)
    spools_wait(self.spool)
end
local metatable = {__index = {
    offer = offer,
    take = take,
    oldest_at = oldest_at,
    done = done,
    settle = settle,
    give_back = give_back,
    clear = clear,
    maintain = maintain,
    wait = wait
}}
--- Adds to the problems where the options do not fit together. `path`: of their table. Phases: init.
local function check(____bindingPattern0, path, problems)
    local spool
    local durable
    durable = ____bindingPattern0.durable
    spool = ____bindingPattern0.spool
    if durable and spool == nil then
        PATH.read(
            spool,
            problem_child(path, "spool"),
            problems
        )
    end
    if not durable and spool ~= nil then
        problem_add(
            problems,
            problem_child(path, "durable"),
            "true where there is a \"spool\"",
            durable
        )
    end
end
____exports.check = check
--- A queue in the folder `name` of the option `spool`; touches no file. `path`: the path of the table with the name, for errors.
-- Phases: init. Raises where the name cannot be that of a folder.
local function create(options, name, path, memory, figures, faults)
    local legal = string_find(name, "^[^/.%z][^/%z]*$")
    if legal == nil then
        problem_refuse(
            problem_child(path, "name"),
            "a name without \"/\" and no \".\" in front, as it names a folder",
            name
        )
    end
    local most_bytes = options.spool_bytes
    local share = math_floor(most_bytes / LEAST_SEGMENTS / ngx.worker.count())
    local usual = math_max(
        USUAL_SEGMENT_BYTES,
        math_ceil(most_bytes / MOST_SEGMENTS)
    )
    local spool = spools_new({
        directory = (tostring(options.spool) .. "/") .. name,
        most_bytes = most_bytes,
        segment_bytes = math_max(
            LEAST_SEGMENT_BYTES,
            math_min(usual, share)
        ),
        drop_oldest = memory.drop_oldest,
        fsync = options.fsync,
        fsync_seconds = options.fsync_seconds,
        thread_pool = options.thread_pool,
        faults = faults
    })
    local fields = {
        is_durable = true,
        name = name,
        spool = spool,
        memory = memory,
        figures = figures,
        faults = faults,
        entries = 0,
        bytes = 0,
        entries_in_flight = 0,
        bytes_in_flight = 0,
        broken = 0,
        evicted = 0,
        adopt_at = 0,
        is_from_memory = false
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
