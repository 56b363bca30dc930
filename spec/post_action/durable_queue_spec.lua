local cjson = require("cjson")
local eventually = require("spec.support.eventually")
local execute = require("spec.support.execute")
local files = require("resty.openclaw.core.files.files")
local logs = require("resty.openclaw.gateway.logs")
local post_action = require("resty.openclaw.post_action")
local receiver = require("spec.support.receiver")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local RECEIVER = "http://127.0.0.1:18080/post_action/receiver"
local SPOOL = ngx.config.prefix() .. "/post_action_durable"

local made = 0
local plugins = {}
local ended = {}
local region = shared_memory.open("openclaw")

local function all_of(options)
    made = made + 1
    local all = {
        name = "durable " .. made, batch_seconds = 0.02, sink = { type = "http", url = RECEIVER },
        durable = true, spool = SPOOL,
    }
    for name, value in pairs(options or {}) do all[name] = value end
    return all
end

local function new(options)
    local plugin = post_action.new(all_of(options))
    plugins[#plugins + 1] = plugin
    return plugin
end

local function count(counter)
    return shared_memory.total(region, counter.slot)
end

local function spool_bytes(plugin)
    return shared_memory.total(region, plugin.queue.figures.bytes_slot)
end

local function replace(owner, field, value)
    local real = owner[field]
    owner[field] = value
    return function() owner[field] = real end
end

local function scripted(plugin, decide)
    local sink = { texts = {} }
    function sink:send(text, entries)
        self.texts[#self.texts + 1] = text
        return decide(#self.texts, text, entries)
    end
    plugin.flusher.sink = sink
    return sink
end

local function dead()
    return "retry", "dead"
end

--- Ends a plugin as a graceful quit does, while the worker lives on.
local function quit(plugin)
    if ended[plugin] then return end
    ended[plugin] = true
    local restore = replace(ngx.worker, "exiting", function() return true end)
    plugin.flusher.semaphore:post(1)
    eventually(function() return plugin.flusher.state == "idle" end)
    plugin:exit_worker()
    restore()
    -- In a worker that has ended no timer runs. The watch timer of this one would start the thread again, which would adopt what it has left.
    plugin.flusher.state = "running"
end

describe("post_action on disk", function()
    before_each(function()
        receiver.reset()
        assert.is_true(execute("rm -rf " .. SPOOL))
    end)
    after_each(function()
        for _, plugin in ipairs(plugins) do quit(plugin) end
        plugins = {}
    end)

    it("refuses options one by one", function()
        local function refused(sentence, options)
            local ok, err = pcall(post_action.new, all_of(options))
            assert.is_false(ok)
            assert.equal(sentence, err)
        end
        refused('post_action.durable must be true or false, got 1', { durable = 1 })
        refused('post_action.durable must be true where there is a "spool", got false', { durable = false })
        refused('post_action.spool must be an absolute path, beginning with "/", got 1', { spool = 1 })
        refused('post_action.spool must be an absolute path, beginning with "/", got "spool"', { spool = "spool" })
        refused('post_action.name must be a name without "/" and no "." in front, as it names a folder, got "../up"', { name = "../up" })
        refused('post_action.name must be a name without "/" and no "." in front, as it names a folder, got ".."', { name = ".." })
        refused('post_action.spool_bytes must be a whole number from 1048576 up, got 1048575', { spool_bytes = 1048575 })
        refused('post_action.fsync must be one of always, interval, never, got "sometimes"', { fsync = "sometimes" })
        refused('post_action.fsync_seconds must be a number above 0, got 0', { fsync_seconds = 0 })
        refused('post_action.thread_pool must be a non-empty string, got ""', { thread_pool = "" })
    end)

    it("divides its quota into segments, those of all workers together", function()
        local function segment_bytes(spool_bytes_given, workers)
            local restore = replace(ngx.worker, "count", function() return workers end)
            local plugin = new({ spool_bytes = spool_bytes_given })
            restore()
            return plugin.queue.spool.settings.segment_bytes
        end
        assert.equal(8 * 1048576, segment_bytes(nil, 2))
        assert.equal(1048576, segment_bytes(nil, 64))
        assert.equal(65536, segment_bytes(1048576, 4))
        assert.equal(104857600, segment_bytes(1024 * 104857600, 4))
    end)

    it("writes what is pushed before it delivers it, and removes it then", function()
        local plugin = new({ batch_seconds = 60 })
        assert.is_true(plugin:push("first"))
        assert.is_true(plugin:push({ second = 2 }))
        assert.is_true(execute(("test $(cut -c17- '%s/%s/1/00000001.log' | head -1) = first"):format(SPOOL, plugin.flusher.settings.name)))
        assert.equal(2, count(plugin.queue.figures.spilled))
        assert.equal(2, shared_memory.total(region, plugin.figures.queued_slot))
        assert.is_true(spool_bytes(plugin) > 40)
        quit(plugin)
        assert.equal("first", receiver.lines[1])
        assert.equal(2, cjson.decode(receiver.lines[2]).second)
        assert.equal(2, count(plugin.figures.sent))
        assert.equal(0, spool_bytes(plugin))
        assert.is_true(execute("test -z \"$(find " .. SPOOL .. " -name '*.log')\""))
    end)

    it("does not give up by time, nor at exit: another one delivers", function()
        local first = new({ name = "handed over", retry_seconds = 0.01, drain_seconds = 60 })
        local sink = scripted(first, dead)
        first:push("kept")
        eventually(function() return #sink.texts >= 3 end)
        quit(first)
        assert.equal(0, count(first.figures.dropped.gave_up))
        assert.equal(0, count(first.figures.dropped.exit))
        assert.equal(0, shared_memory.total(region, first.figures.queued_slot))
        local second = new()
        second.queue.spool.settings.directory = first.queue.spool.settings.directory
        second:init_worker()
        eventually(function() return receiver.lines[1] == "kept" end)
    end)

    it("looks for what others left behind although it has nothing to do itself", function()
        local first = new({ name = "left behind" })
        local second = new()
        second.queue.spool.settings.directory = first.queue.spool.settings.directory
        local semaphore, longest = second.flusher.semaphore, 0
        second.flusher.semaphore = {
            post = function(_, times) semaphore:post(times) end,
            wait = function(_, seconds)
                longest = math.max(longest, seconds)
                return semaphore:wait(seconds)
            end,
        }
        scripted(first, dead)
        second:init_worker()
        first:push("kept")
        eventually(function() return first.flusher.failures > 0 end)
        assert.equal(0, #receiver.lines)
        quit(first)
        eventually(function()
            -- It wakes up and looks again after a while; here at once, as the other may have been about to leave.
            second.queue.adopt_at = 0
            semaphore:post(1)
            return receiver.lines[1] == "kept"
        end)
        assert.is_true(longest > 0 and longest <= 5)
    end)

    it("keeps in memory what the disk does not take, in order, and says so", function()
        local plugin = new({ max_entries = 3, batch_entries = 3 })
        local well = false
        local sink = scripted(plugin, function() return well and "sent" or "retry", "dead" end)
        plugin:push("1")
        eventually(function() return #sink.texts >= 1 end)
        local restore = replace(files, "write", function() return "cannot write: No space left on device" end)
        for number = 2, 6 do plugin:push(tostring(number)) end
        assert.equal(5, count(plugin.queue.figures.failures))
        assert.equal(2, count(plugin.figures.dropped.overflow))
        assert.equal(4, shared_memory.total(region, plugin.figures.queued_slot))
        well = true
        eventually(function() return count(plugin.figures.sent) == 4 end)
        assert.equal("4\n5\n6\n", sink.texts[#sink.texts])
        restore()
        assert.equal(1, count(plugin.queue.figures.spilled))
    end)

    it("moves to disk what is in memory as soon as the disk takes it", function()
        local plugin = new({ max_entries = 100 })
        scripted(plugin, dead)
        local restore = replace(files, "write", function() return "cannot write: No space left on device" end)
        for number = 1, 60 do plugin:push(tostring(number)) end
        assert.equal(60, plugin.queue.memory.entries)
        restore()
        plugin.queue.spool.blocked_until = 0
        eventually(function() return plugin.queue.memory.entries == 0 end)
        -- A batch may have been taken from memory meanwhile.
        plugin:push("61")
        assert.equal(61, shared_memory.total(region, plugin.figures.queued_slot))
        local sink = scripted(plugin, function() return "sent" end)
        eventually(function() return count(plugin.figures.sent) == 61 end)
        local text = table.concat(sink.texts)
        for number = 1, 61 do
            local at = assert(text:find(number .. "\n", 1, true))
            text = text:sub(at)
        end
    end)

    it("counts as broken what it cannot read back", function()
        local plugin = new({ batch_seconds = 60 })
        for number = 1, 3 do plugin:push("entry " .. number) end
        local path = plugin.queue.spool.own.path .. "/00000001.log"
        assert.is_true(execute(("printf X | dd of='%s' bs=1 seek=18 conv=notrunc 2>/dev/null"):format(path)))
        quit(plugin)
        assert.same({ "entry 2", "entry 3" }, receiver.lines)
        assert.equal(1, count(plugin.figures.dropped.broken))
        assert.equal(2, count(plugin.figures.sent))
    end)

    it("drops the oldest at the quota, or the newest", function()
        for _, what in ipairs({ "oldest", "newest" }) do
            local plugin = new({ drop = what, spool_bytes = 1048576, batch_bytes = 100000 })
            local sink = scripted(plugin, dead)
            plugin:push("first")
            eventually(function() return #sink.texts > 0 end)
            local line = ("x"):rep(50000)
            for _ = 1, 30 do plugin:push(line) end
            local overflow = count(plugin.figures.dropped.overflow)
            assert.is_true(overflow > 8 and overflow < 15)
            assert.equal(31 - overflow, shared_memory.total(region, plugin.figures.queued_slot))
            assert.is_true(spool_bytes(plugin) <= 1048576)
            assert.equal(what == "oldest", (plugin:push(line)) == true)
        end
    end)

    it("waits for the disk with every push, if told to, where it may", function()
        local syncs = 0
        local real = files.sync
        local restore = replace(files, "sync", function(file)
            syncs = syncs + 1
            return real(file)
        end)
        local plugin = new({ fsync = "always", thread_pool = "nowhere", batch_seconds = 60 })
        plugin:push("first")
        local disk = plugin.queue.spool.disk
        assert.equal(disk.written, disk.synced)
        assert.is_true(syncs >= 1)
        local phase = replace(ngx, "get_phase", function() return "log" end)
        plugin:push("second")
        assert.equal(disk.written, disk.synced + 1)
        phase()
        eventually(function() return disk.written == disk.synced end)
        restore()
    end)

    it("takes what setup says of all sinks", function()
        local problems = {}
        local log = logs.read({
            durable = true, spool = SPOOL, fsync = "never", spool_bytes = 2097152,
            sinks = { { name = "durable one", type = "http", url = RECEIVER }, { name = "durable two", type = "http", url = RECEIVER } },
        }, problems)
        local made_logs = logs.make_sinks(log, problems)
        assert.same({}, problems)
        for index, name in ipairs({ "one", "two" }) do
            local spool = made_logs[index].queue.spool
            assert.equal(SPOOL .. "/durable " .. name, spool.settings.directory)
            assert.equal("never", spool.settings.fsync)
            assert.equal(2097152, spool.settings.most_bytes)
        end
    end)

    it("touches no disk unless told to", function()
        local plugin = post_action.new({ name = "in memory", sink = { type = "http", url = RECEIVER }, batch_seconds = 0.02 })
        local opened = 0
        local restore = replace(files, "open", function() opened = opened + 1 end)
        plugin:push("first")
        eventually(function() return #receiver.lines == 1 end)
        restore()
        assert.equal(0, opened)
        assert.is_false(plugin.queue.is_durable)
    end)
end)
