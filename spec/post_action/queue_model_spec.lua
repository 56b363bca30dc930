local execute = require("spec.support.execute")
local lanes = require("resty.openclaw.spool.lane")
local post_action = require("resty.openclaw.post_action")
local files = require("resty.openclaw.core.files.files")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local virtual_worker = require("spec.support.virtual_worker")

local region = shared_memory.open("models")
local made = 0
local SPOOL = ngx.config.prefix() .. "/post_action_model"
-- Not /dev/null, whose lock belongs to everybody who runs these specs.
local DEAD_LETTER = ngx.config.prefix() .. "/post_action_model.dead_letter"

local function count(counter)
    return shared_memory.total(region, counter.slot)
end

--- A sink whose moods change; it keeps the lines that it says have arrived.
local function moody(worker)
    local sink = { mood = "well", lines = {}, sends = 0, most_entries = 0 }
    local function keep(text)
        for line in text:gmatch("([^\n]*)\n") do
            table.insert(sink.lines, tonumber(line:match("^%d+")))
        end
    end
    local function halves(text, entries)
        local at = 0
        for _ = 1, math.floor(entries / 2) do
            at = text:find("\n", at + 1, true)
        end
        return text:sub(1, at), { text = text:sub(at + 1), entries = entries - math.floor(entries / 2) }
    end
    function sink:send(text, entries, most_seconds)
        assert(select(2, text:gsub("\n", "")) == entries and entries > 0)
        self.sends, self.most_entries = self.sends + 1, math.max(self.most_entries, entries)
        local began = worker.time
        if math.random() < 0.3 then worker:wait(math.random() * math.min(self.mood == "slow" and 20 or 0.1, most_seconds)) end
        assert(worker.time - began <= most_seconds)
        local chance = self.mood == "well" and 1 or math.random()
        if self.mood == "dead" then
            if chance < 0.2 then error("oops") end
            return "retry", "dead", chance < 0.4 and 1e9 or nil
        elseif chance < 0.2 then
            return "split", "some"
        elseif chance < 0.3 then
            return "poison", "all"
        elseif chance < 0.5 and entries > 1 then
            local first, rest = halves(text, entries)
            keep(first)
            return chance < 0.4 and "retry" or "poison", "the rest", nil, rest
        elseif chance < 0.6 then
            return "retry", "none"
        end
        keep(text)
        return "sent"
    end
    return sink
end

local function new(worker, durable)
    made = made + 1
    local plugin = post_action.new({
        dict = "models",
        durable = durable,
        spool = durable and SPOOL,
        fsync = durable and (math.random(5) == 1 and "interval" or "never"),
        thread_pool = durable and "nowhere",
        name = "model " .. made,
        sink = { type = "http", url = "http://127.0.0.1:1/" },
        dead_letter = math.random(2) == 1 and DEAD_LETTER or nil,
        max_entries = math.random(20, 200),
        max_bytes = math.random(200, 3000),
        batch_entries = math.random(20),
        batch_bytes = math.random(20, 200),
        batch_seconds = 0.05 + math.random(),
        retry_seconds = math.random() * 60 + 1,
        drain_seconds = math.random() * 5 + 0.1,
        drop = math.random(2) == 1 and "oldest" or "newest",
    })
    if durable then
        plugin.queue.spool.settings.most_bytes = math.random(2000, 20000)
        plugin.queue.spool.settings.segment_bytes = math.random(100, 1000)
    end
    plugin.flusher.semaphore = worker:semaphore()
    plugin.flusher.sink = moody(worker)
    return plugin
end

local function dropped(plugin)
    local sum = 0
    for _, counter in pairs(plugin.figures.dropped) do
        sum = sum + count(counter)
    end
    return sum
end

local function held(plugin)
    return shared_memory.total(region, plugin.figures.queued_slot)
end

local function check(plugin, pushed)
    local queue, flusher = plugin.queue, plugin.flusher
    assert.equal(pushed, count(plugin.figures.sent) + dropped(plugin) + held(plugin))
    assert.equal(count(plugin.figures.sent), #flusher.sink.lines)
    assert.equal(held(plugin), queue.entries + queue.entries_in_flight)
    local memory = queue.memory or queue
    assert.is_true(memory.entries + memory.entries_in_flight <= memory.max_entries)
    assert.is_true(memory.bytes + memory.bytes_in_flight <= memory.max_bytes)
    local bytes, waiting = 0, 0
    for number = memory.pages.first, memory.pages.last do
        local text = memory.pages.pages[number]:tostring()
        bytes, waiting = bytes + #text, waiting + select(2, text:gsub("\n", ""))
    end
    assert.same({ waiting, bytes }, { memory.entries, memory.bytes })
    if queue.memory then
        local spool = queue.spool
        assert.same({ spool.entries + waiting, spool.bytes + bytes }, { queue.entries, queue.bytes })
        local entries, text_bytes, file_bytes = 0, 0, 0
        for _, segment in ipairs(spool.own and spool.own.segments or {}) do
            entries, text_bytes = entries + segment.entries, text_bytes + segment.text_bytes
            file_bytes = file_bytes + segment.bytes
        end
        assert.same({ entries, text_bytes }, { spool.entries + spool.flying_entries, spool.bytes + spool.flying_bytes })
        assert.equal(file_bytes, shared_memory.total(region, queue.figures.bytes_slot))
    end
    local in_flight, bytes_in_flight = 0, 0
    for _, part in ipairs(flusher.batch and flusher.batch.parts or {}) do
        in_flight, bytes_in_flight = in_flight + part.entries, bytes_in_flight + #part.text
    end
    assert.same({ in_flight, bytes_in_flight }, { queue.entries_in_flight, queue.bytes_in_flight })
    local oldest = shared_memory.total(region, plugin.figures.oldest_slot)
    assert.is_true((oldest > 0) == (held(plugin) > 0))
end

--- Pushes, waits, and changes moods at random; returns how many entries were pushed.
local function live(worker, plugin, steps, disturb)
    local pushed = 0
    local moods = { "well", "bad", "slow", "dead" }
    for _ = 1, steps do
        local chance = math.random()
        if chance < 0.5 then
            for _ = 1, math.random(10) do
                pushed = pushed + 1
                plugin:push(tostring(pushed) .. ("x"):rep(math.random(0, 30)))
            end
        elseif chance < 0.9 then
            worker:pass(math.random() < 0.1 and math.random(60) or math.random() * 0.5)
        elseif chance < 0.95 then
            plugin.flusher.sink.mood = moods[math.random(#moods)]
        else
            worker.time_of_day = worker.time_of_day + math.random(-1e8, 1e8)
            worker.timers_fail = math.random(2) == 1
        end
        if disturb then disturb() end
        check(plugin, pushed)
    end
    return pushed
end

describe("post_action in made-up time", function()
    local worker

    before_each(function()
        worker = virtual_worker.new()
    end)
    after_each(function()
        worker:restore()
    end)

    for seed = 1, 40 do
        it("loses count of nothing, never stops, and drains once the sink is well, in life " .. seed, function()
            math.randomseed(seed)
            local plugin = new(worker)
            local pushed = live(worker, plugin, 300)
            local sink = plugin.flusher.sink
            sink.mood, worker.timers_fail = "well", false
            -- The longest pause, what a batch takes that is being sent now, and what all others take.
            worker:pass(60)
            assert.equal(0, held(plugin))
            assert.equal(pushed, count(plugin.figures.sent) + dropped(plugin))
            assert.equal(0, shared_memory.total(region, plugin.figures.circuit_slot))
            check(plugin, pushed)
            -- What arrived did so once, and in order.
            for index = 2, #sink.lines do
                assert.is_true(sink.lines[index] > sink.lines[index - 1])
            end
            assert.is_true(sink.most_entries <= plugin.flusher.settings.batch_entries)
            -- And it still works.
            plugin:push(tostring(pushed + 1))
            worker:pass(10)
            assert.equal(pushed + 1, sink.lines[#sink.lines])
        end)
    end

    for seed = 101, 130 do
        it("ends with its worker in time, all entries accounted for, in life " .. seed, function()
            math.randomseed(seed)
            local plugin = new(worker)
            plugin:init_worker()
            local pushed = live(worker, plugin, 100)
            worker.timers_fail = false
            worker:quit()
            local drain_seconds = plugin.flusher.settings.drain_seconds
            for _ = 1, math.random(0, 5) do
                worker:pass(math.random())
                pushed = pushed + 1
                plugin:push(tostring(pushed))
                check(plugin, pushed)
            end
            worker:pass(drain_seconds + 20)
            assert.equal("idle", plugin.flusher.state)
            assert.equal(0, held(plugin))
            plugin:exit_worker()
            check(plugin, pushed)
            assert.equal(pushed, count(plugin.figures.sent) + dropped(plugin))
        end)
    end

    describe("on disk", function()
        local disk_fails
        local real_write = files.write

        before_each(function()
            disk_fails = false
            assert.is_true(execute("rm -rf " .. SPOOL))
            worker:replace(files, "write", function(file, memory, bytes)
                if disk_fails then return "cannot write: No space left on device" end
                return real_write(file, memory, bytes)
            end)
        end)

        for seed = 1, 30 do
            it("loses count of nothing while disk and sink fail, keeps the order, and drains, in life " .. seed, function()
                math.randomseed(seed)
                local plugin = new(worker, true)
                local pushed = live(worker, plugin, 300, function()
                    if math.random() < 0.1 then disk_fails = math.random(2) == 1 end
                end)
                local sink = plugin.flusher.sink
                sink.mood, worker.timers_fail, disk_fails = "well", false, false
                worker:pass(200)
                assert.equal(0, held(plugin))
                check(plugin, pushed)
                assert.equal(0, count(plugin.figures.dropped.gave_up))
                assert.equal(0, count(plugin.figures.dropped.broken))
                for index = 2, #sink.lines do
                    assert.is_true(sink.lines[index] > sink.lines[index - 1])
                end
                plugin:push(tostring(pushed + 1))
                worker:pass(10)
                assert.equal(pushed + 1, sink.lines[#sink.lines])
                plugin:exit_worker()
            end)
        end

        --- Says of what it was sent that all has arrived, or none, or the first of it.
        local function plain(arrived)
            local sink = { mood = "well" }
            function sink:send(text, entries)
                worker:wait(math.random() * 0.2)
                if self.mood == "dead" then return "retry", "dead" end
                local number = 0
                for line in text:gmatch("([^\n]*)\n") do
                    number = number + 1
                    if self.mood == "bad" and number > 1 and math.random() < 0.3 then
                        local _, at = text:find(("[^\n]*\n"):rep(number - 1))
                        return "retry", "some", nil, { text = text:sub(at + 1), entries = entries - number + 1 }
                    end
                    arrived[#arrived + 1] = line
                end
                return self.mood == "bad" and math.random() < 0.3 and "retry" or "sent"
            end
            return sink
        end

        --- As kill -9 does it: what was open is closed, and nothing else happens.
        local function kill(spool)
            if spool.disk.file then files.close(spool.disk.file) end
            for _, file in ipairs(spool.disk.retired) do files.close(file) end
            for _, lane in ipairs(spool.adopted) do lanes.release(lane) end
            if spool.own then lanes.release(spool.own) end
        end

        for seed = 201, 220 do
            it("delivers all at least once, whatever becomes of the workers, in life " .. seed, function()
                math.randomseed(seed)
                local arrived, pushed = {}, {}
                for generation = 1, 6 do
                    local plugin = new(worker, true)
                    local settings = plugin.queue.spool.settings
                    settings.directory, settings.most_bytes = SPOOL .. "/same", 1e6
                    plugin.flusher.sink = plain(arrived)
                    plugin:init_worker()
                    for number = 1, 100 do
                        local line = generation .. "-" .. number .. ("x"):rep(math.random(0, 10))
                        assert.is_true(plugin:push(line))
                        pushed[#pushed + 1] = line
                        if math.random() < 0.3 then worker:pass(math.random()) end
                        if math.random() < 0.1 then
                            plugin.flusher.sink.mood = ({ "well", "bad", "dead" })[math.random(3)]
                        end
                    end
                    if generation == 6 then
                        plugin.flusher.sink.mood = "well"
                        worker:pass(100)
                        assert.equal(0, held(plugin))
                    elseif math.random(2) == 1 then
                        worker:quit()
                        worker:pass(20)
                        assert.equal("idle", plugin.flusher.state)
                    end
                    local dropped_entries = dropped(plugin)
                    if math.random(2) == 1 then plugin:exit_worker() else kill(plugin.queue.spool) end
                    assert.equal(dropped_entries, dropped(plugin))
                    worker.threads, worker.watches, worker.exits = {}, {}, false
                end
                -- All came, and of those that one worker had, each for the first time before the next.
                local first_at, last = {}, {}
                for index, line in ipairs(arrived) do first_at[line] = first_at[line] or index end
                for _, line in ipairs(pushed) do
                    local generation = line:match("^%d+")
                    assert.is_truthy(first_at[line], line)
                    assert.is_true(first_at[line] > (last[generation] or 0), line)
                    last[generation] = first_at[line]
                end
            end)
        end
    end)
end)
