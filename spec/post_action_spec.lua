local cjson = require("cjson")
local eventually = require("spec.support.eventually")
local http = require("spec.support.http")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local post_action = require("resty.openclaw.post_action")
local receiver = require("spec.support.receiver")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local RECEIVER = "http://127.0.0.1:18080/post_action/receiver"

local made = 0
local plugins = {}

--- A plugin of its own name, quick unless told otherwise.
local function new(options)
    made = made + 1
    local all = { name = "spec " .. made, batch_seconds = 0.02, sink = { type = "http", url = RECEIVER } }
    for name, value in pairs(options or {}) do
        all[name] = value
    end
    local plugin = post_action.new(all)
    plugins[#plugins + 1] = plugin
    return plugin
end

local region = shared_memory.open("openclaw")

--- Puts another value in a field for a while; returns what puts the old one back.
local function replace(owner, field, value)
    local real = owner[field]
    owner[field] = value
    return function()
        owner[field] = real
    end
end

--- Counts the timers that are made.
local function count_timers()
    local real, counted = ngx.timer.at, { number = 0 }
    counted.stop = replace(ngx.timer, "at", function(...)
        counted.number = counted.number + 1
        return real(...)
    end)
    return counted
end

local function no_timers()
    return nil, "too many pending timers"
end

local function count(counter)
    return shared_memory.total(region, counter.slot)
end

local function dropped(plugin, reason)
    return count(plugin.figures.dropped[reason])
end

local function queued(plugin)
    return shared_memory.total(region, plugin.figures.queued_slot)
end

--- A sink that does as the function says, and remembers what it was sent.
local function scripted(plugin, decide)
    local sink = { texts = {} }
    function sink:send(text, entries, most_seconds)
        self.texts[#self.texts + 1] = text
        return decide(#self.texts, text, entries, most_seconds)
    end
    plugin.flusher.sink = sink
    return sink
end

local function received()
    local found = {}
    for _, line in ipairs(receiver.lines) do
        found[line] = (found[line] or 0) + 1
    end
    return found
end

describe("post_action", function()
    before_each(receiver.reset)
    -- What one spec leaves behind must not reach the receiver of the next.
    after_each(function()
        for _, plugin in ipairs(plugins) do
            plugin:exit_worker()
            scripted(plugin, function() return "sent" end)
        end
        plugins = {}
    end)

    describe("options", function()
        local function refused(sentence, options)
            local ok, err = pcall(post_action.new, options)
            assert.is_false(ok)
            assert.equal(sentence, err)
        end

        it("are refused one by one", function()
            local sink = { type = "http", url = RECEIVER }
            refused("post_action must be a table, got nothing", nil)
            refused('post_action.sink must be a table, got nothing', {})
            refused('post_action.sink must be a table, got a string', { sink = "x" })
            refused('post_action.sink.type must be one of file, http, redis_stream, syslog, tcp, tls, udp, unix, got "ftp"', { sink = { type = "ftp" } })
            refused('post_action: unknown option "batchbytes"; did you mean "batch_bytes"?', { sink = sink, batchbytes = 1 })
            refused('post_action.drop must be one of oldest, newest, got "all"', { sink = sink, drop = "all" })
            refused('post_action.max_entries must be a whole number from 1 to 1000000, got 1000001', { sink = sink, max_entries = 1000001 })
            refused('post_action.max_entries must be a whole number from 1 to 1000000, got 0', { sink = sink, max_entries = 0 })
            refused('post_action.batch_entries must be a whole number from 1 to 10, got 11', { sink = sink, max_entries = 10, batch_entries = 11 })
            refused('post_action.batch_bytes must be a whole number from 1 to 100, got 101', { sink = sink, max_bytes = 100, batch_bytes = 101 })
            refused('post_action.batch_seconds must be a number above 0, got 0', { sink = sink, batch_seconds = 0 })
            refused('post_action.retry_seconds must be a number above 0, got -1', { sink = sink, retry_seconds = -1 })
            refused('post_action.drain_seconds must be a number above 0, got "5"', { sink = sink, drain_seconds = "5" })
            refused('post_action.record must be true or false, got 1', { sink = sink, record = 1 })
            refused('post_action.record_variables.x must be the name of a variable without $, got "$x"', { sink = sink, record_variables = { x = "$x" } })
            refused('post_action.record_variables must be a table whose keys are names, got a list', { sink = sink, record_variables = { "x" } })
            refused('post_action.drop must be one of oldest, newest, got "all"\npost_action.record must be true or false, got 1', { sink = sink, drop = "all", record = 1 })
        end)

        it("of sinks are refused as well, without showing what may be secret", function()
            refused('post_action.sink.url must be a non-empty string, got nothing', { sink = { type = "http" } })
            refused('post_action.sink.url must be an http or https URL, but it has a user name or password in the URL', { sink = { type = "http", url = "http://u:secret@h/" } })
            refused('post_action.sink.headers: header X has a control character in it', { sink = { type = "http", url = RECEIVER, headers = { X = "secret\r\n" } } })
            refused('post_action.sink.timeout_seconds must be a number above 0, got 0', { sink = { type = "http", url = RECEIVER, timeout_seconds = 0 } })
            refused('post_action.sink.path must be an absolute path, beginning with "/", got "x"', { sink = { type = "file", path = "x" } })
            refused('post_action.sink: unknown option "url"; known are path', { sink = { type = "file", path = "/x", url = "y" } })
            refused('post_action.sink must be a table, got a string', { sink = "http://u:secret@h/" })
            refused('post_action.sink.host must be a host name, an IPv4 address or an IPv6 address in brackets, got a string', { sink = { type = "tcp", host = "u:secret@h", port = 1 } })
            refused('post_action.sink.headers must be a table, got a string', { sink = { type = "http", url = RECEIVER, headers = "Authorization: secret" } })
        end)

        it("say where they belong when they stand in the wrong table", function()
            local sink = { type = "http", url = RECEIVER }
            refused('post_action: unknown option "url"; it belongs into sink', { sink = sink, url = RECEIVER })
            refused('post_action.sink: unknown option "batch_seconds"; it stands beside sink\npost_action.sink: unknown option "name"; it stands beside sink', {
                sink = { type = "http", url = RECEIVER, batch_seconds = 1, name = "x" },
            })
            refused('post_action.sink: unknown option "max_bytes"; it stands beside sink', { sink = { type = "http", url = RECEIVER, max_bytes = 1 } })
            new({ sink = { type = "udp", host = "127.0.0.1", port = 1, max_bytes = 1000 }, max_bytes = 2000 })
        end)

        it("may not give two sinks one name", function()
            new({ name = "twice" })
            refused('post_action: give it another "name": another sink is already named "twice"', { sink = { type = "http", url = RECEIVER }, name = "twice" })
        end)
    end)

    describe("push", function()
        it("delivers strings as they are and tables as JSON, in order, as NDJSON", function()
            local plugin = new({ sink = { type = "http", url = RECEIVER, headers = { ["X-Key"] = "k" } } })
            assert.is_true(plugin:push("first"))
            assert.is_true(plugin:push({ second = "line\nbreak" }))
            eventually(function() return #receiver.lines == 2 end)
            assert.equal("first", receiver.lines[1])
            local second = cjson.decode(receiver.lines[2])
            assert.equal("line\nbreak", second.second)
            assert.equal(1, #receiver.batches)
            assert.equal("application/x-ndjson", receiver.headers["content-type"])
            assert.equal("k", receiver.headers["x-key"])
            eventually(function() return queued(plugin) == 0 end)
            assert.equal(2, count(plugin.figures.sent))
        end)

        it("refuses what is no entry, and counts it", function()
            local plugin = new({ batch_bytes = 10 })
            local cycle = {}
            cycle.cycle = cycle
            for _, entry in ipairs({ "two\nlines", "", 5, true, print, cycle, { f = print } }) do
                local ok, err = plugin:push(entry)
                assert.is_nil(ok)
                assert.is_string(err)
            end
            assert.is_nil((plugin:push(nil)))
            assert.equal(8, dropped(plugin, "invalid"))
            assert.same({ nil, "longer than 9 bytes" }, { plugin:push("0123456789") })
            assert.equal(1, dropped(plugin, "too_large"))
            assert.equal(0, queued(plugin))
        end)

        it("works in every phase of a request", function()
            receiver.plugin = new()
            assert.equal(200, http.get("/post_action/phases").status)
            eventually(function() return #receiver.lines == 7 end)
            local phases = {}
            for _, line in ipairs(receiver.lines) do
                phases[#phases + 1] = cjson.decode(line).phase
            end
            assert.same({ "set", "rewrite", "access", "balancer", "header_filter", "body_filter", "log" }, phases)
        end)

        it("is refused where there are no timers", function()
            local plugin = new()
            for _, phase in ipairs({ "init", "exit_worker" }) do
                local restore = replace(ngx, "get_phase", function() return phase end)
                local ok, err = plugin:push("x")
                restore()
                assert.is_nil(ok)
                assert.equal("not possible in " .. phase .. "_by_lua", err)
            end
            assert.equal(2, dropped(plugin, "exit"))
        end)
    end)

    describe("batches", function()
        it("leave when they have enough entries", function()
            local plugin = new({ batch_entries = 3, batch_seconds = 60 })
            for number = 1, 7 do
                plugin:push(tostring(number))
            end
            eventually(function() return #receiver.batches == 2 end)
            assert.same({ "1\n2\n3\n", "4\n5\n6\n" }, receiver.batches)
            eventually(function() return queued(plugin) == 1 end)
            plugin:push("8")
            plugin:push("9")
            eventually(function() return #receiver.batches == 3 end)
        end)

        it("leave when they have enough bytes", function()
            local plugin = new({ batch_bytes = 10, batch_seconds = 60 })
            for _ = 1, 5 do
                plugin:push("123")
            end
            eventually(function() return #receiver.batches == 2 end)
            assert.same({ "123\n123\n", "123\n123\n" }, receiver.batches)
        end)

        it("leave when they are old enough", function()
            local plugin = new({ batch_seconds = 0.2 })
            ngx.update_time()
            local began = ngx.now()
            plugin:push("x")
            eventually(function() return #receiver.batches == 1 end)
            assert.is_true(ngx.now() - began >= 0.19)
        end)

        it("do not wait to grow while entries are dropped", function()
            local plugin = new({ max_bytes = 10, batch_seconds = 60 })
            plugin:push("12345")
            ngx.sleep(0.05)
            plugin:push("12345")
            eventually(function() return #receiver.batches == 1 end)
        end)
    end)

    describe("failures", function()
        it("are retried until the sink takes the batch", function()
            local plugin = new()
            receiver.statuses = { 503, 500, 429, 408 }
            plugin:push("x")
            eventually(function() return #receiver.lines == 1 end)
            assert.equal(5, receiver.requests)
            eventually(function() return queued(plugin) == 0 end)
            assert.equal(4, count(plugin.figures.retries))
            assert.equal(1, count(plugin.figures.sent))
        end)

        it("that say nothing of the entries hold them, and are counted", function()
            for status, reason in pairs({ [401] = "credentials", [404] = "misdirected", [302] = "misdirected", [425] = "busy" }) do
                receiver.reset()
                receiver.statuses = { status }
                local plugin = new()
                plugin:push("x")
                plugin:push("y")
                eventually(function() return #receiver.lines == 2 end)
                eventually(function() return queued(plugin) == 0 end)
                assert.equal(0, dropped(plugin, "refused"))
                assert.equal(1, count(plugin.figures.failures[reason]))
                assert.equal(1, count(plugin.figures.retries))
            end
        end)

        it("of one entry do not take the others with it", function()
            local plugin = new({ batch_entries = 8, batch_seconds = 60 })
            local sink = scripted(plugin, function(_, text, entries)
                if not text:find("bad") then return "sent" end
                return "split", "entries " .. entries
            end)
            for _, line in ipairs({ "1", "2", "3", "bad", "5", "6", "7", "8" }) do
                plugin:push(line)
            end
            eventually(function() return queued(plugin) == 0 end)
            assert.equal(7, count(plugin.figures.sent))
            assert.equal(1, dropped(plugin, "refused"))
            assert.same({
                "1\n2\n3\nbad\n5\n6\n7\n8\n", "1\n2\n3\nbad\n", "1\n2\n", "3\nbad\n", "3\n", "bad\n", "5\n6\n7\n8\n",
            }, sink.texts)
        end)

        it("of many entries take no more than so many requests", function()
            local plugin = new({ batch_entries = 500, batch_seconds = 60 })
            local sink = scripted(plugin, function() return "split", "no" end)
            for number = 1, 500 do
                plugin:push(tostring(number))
            end
            eventually(function() return queued(plugin) == 0 end)
            assert.equal(500, dropped(plugin, "refused"))
            assert.equal(65, #sink.texts)
        end)

        it("by status 400, 413 and 422 are found entry by entry", function()
            for _, status in ipairs({ 400, 413, 422 }) do
                receiver.reset()
                local plugin = new({ batch_entries = 2, batch_seconds = 60 })
                receiver.statuses = { status, status }
                plugin:push("bad")
                plugin:push("good")
                eventually(function() return queued(plugin) == 0 end)
                assert.same({ "good" }, receiver.lines)
                assert.equal(1, dropped(plugin, "refused"))
            end
        end)

        it("do not hold up what comes behind a batch that was refused", function()
            local plugin = new({ batch_entries = 1 })
            receiver.statuses = { 400 }
            plugin:push("bad")
            plugin:push("good")
            eventually(function() return #receiver.lines == 1 end)
            assert.equal("good", receiver.lines[1])
        end)

        it("of the connection are retried, then given up", function()
            local plugin = new({ sink = { type = "http", url = "http://127.0.0.1:1/" }, retry_seconds = 0.3 })
            ngx.update_time()
            local began = ngx.now()
            plugin:push("x")
            eventually(function() return dropped(plugin, "gave_up") == 1 end)
            assert.is_true(ngx.now() - began >= 0.3)
            assert.is_true(count(plugin.figures.retries) >= 1)
            assert.equal(0, queued(plugin))
        end)

        it("by a sink that is too slow are retried", function()
            local plugin = new({ sink = { type = "http", url = RECEIVER, timeout_seconds = 0.1 } })
            receiver.delay = 0.5
            plugin:push("x")
            eventually(function() return receiver.requests == 1 end)
            receiver.delay = 0
            eventually(function() return count(plugin.figures.sent) == 1 end)
            assert.is_true(count(plugin.figures.retries) >= 1)
        end)

        it("leave the sink alone for as long as it asks", function()
            local plugin = new()
            receiver.statuses, receiver.retry_after = { 503 }, 1
            plugin:push("x")
            eventually(function() return receiver.requests == 1 end)
            ngx.update_time()
            local began = ngx.now()
            eventually(function() return #receiver.lines == 1 end)
            assert.is_true(ngx.now() - began >= 0.9)
        end)

        it("understand a date in Retry-After, and no nonsense", function()
            for _, value in ipairs({ ngx.http_time(ngx.time() - 100), "soon", "-1", "1e9" }) do
                local plugin = new()
                receiver.reset()
                receiver.statuses, receiver.retry_after = { 503 }, value
                plugin:push("x")
                eventually(function() return #receiver.lines == 1 end)
            end
            local plugin = new()
            receiver.reset()
            receiver.statuses, receiver.retry_after = { 503 }, ngx.http_time(ngx.time() + 2)
            plugin:push("x")
            eventually(function() return receiver.requests == 1 end)
            ngx.sleep(0.5)
            assert.equal(1, receiver.requests)
        end)

        it("of a sink that raises are retried", function()
            local plugin = new()
            local sink = scripted(plugin, function(try)
                if try == 1 then error("oops") end
                return "sent"
            end)
            plugin:push("x")
            eventually(function() return count(plugin.figures.sent) == 1 end)
            assert.same({ "x\n", "x\n" }, sink.texts)
        end)

        it("bound what is kept: the oldest entries make room, the batch in flight does not", function()
            local plugin = new({ max_entries = 3, batch_entries = 1, drop = "oldest" })
            local hold = true
            local sink = scripted(plugin, function()
                while hold do ngx.sleep(0.005) end
                return "sent"
            end)
            plugin:push("1")
            eventually(function() return #sink.texts == 1 end)
            for number = 2, 6 do
                assert.is_true(plugin:push(tostring(number)))
            end
            assert.equal(3, dropped(plugin, "overflow"))
            assert.equal(3, queued(plugin))
            hold = false
            eventually(function() return count(plugin.figures.sent) == 3 end)
            assert.same({ "1\n", "5\n", "6\n" }, sink.texts)
        end)

        it("bound what is kept: the newest entries are dropped where that is wished for", function()
            local plugin = new({ max_entries = 2, drop = "newest", batch_entries = 1 })
            local hold = true
            local sink = scripted(plugin, function()
                while hold do ngx.sleep(0.005) end
                return "sent"
            end)
            plugin:push("1")
            eventually(function() return #sink.texts == 1 end)
            assert.is_true(plugin:push("2"))
            assert.same({ nil, "the queue is full" }, { plugin:push("3") })
            assert.equal(1, dropped(plugin, "overflow"))
            hold = false
            eventually(function() return count(plugin.figures.sent) == 2 end)
            assert.same({ "1\n", "2\n" }, sink.texts)
        end)
    end)

    describe("a part of a batch", function()
        it("is sent again where only that has failed, and counted once", function()
            local plugin = new({ batch_entries = 4, batch_seconds = 60 })
            local sink = scripted(plugin, function(try, text)
                if try == 1 then return "retry", "full", nil, { text = "3\n4\n", entries = 2 } end
                if try == 2 then return "poison", "never", nil, { text = "4\n", entries = 1 } end
                error(text)
            end)
            for number = 1, 4 do
                plugin:push(tostring(number))
            end
            eventually(function() return queued(plugin) == 0 end)
            assert.same({ "1\n2\n3\n4\n", "3\n4\n" }, sink.texts)
            assert.equal(3, count(plugin.figures.sent))
            assert.equal(1, dropped(plugin, "refused"))
            assert.equal(0, shared_memory.total(region, plugin.figures.queued_bytes_slot))
        end)
    end)

    describe("the dead-letter file", function()
        local PATH = ngx.config.prefix() .. "/dead_letter.ndjson"
        local function kept()
            local file = io.open(PATH)
            local text = file and file:read("*a") or ""
            if file then file:close() end
            return text
        end
        before_each(function() os.remove(PATH) end)

        it("keeps what is refused, entry by entry", function()
            local plugin = new({ dead_letter = PATH, batch_entries = 4, batch_seconds = 60 })
            scripted(plugin, function(_, text)
                if text:find("bad") then return "split", "no" end
                return "sent"
            end)
            for _, line in ipairs({ "1", "bad 2", "3", "bad 4" }) do
                plugin:push(line)
            end
            eventually(function() return queued(plugin) == 0 end)
            assert.equal("bad 2\nbad 4\n", kept())
            assert.equal(2, dropped(plugin, "refused"))
            assert.equal(2, count(plugin.figures.dead_lettered))
        end)

        it("is left alone by what is given up", function()
            local plugin = new({ dead_letter = PATH, retry_seconds = 0.05 })
            scripted(plugin, function() return "retry", "no" end)
            plugin:push("1")
            eventually(function() return dropped(plugin, "gave_up") == 1 end)
            assert.equal("", kept())
        end)

        it("keeps what is given up as the sink says no to it", function()
            for cause, lines in pairs({ credentials = "1\n2\n", misdirected = "1\n2\n", busy = "", unreachable = "" }) do
                os.remove(PATH)
                local plugin = new({ dead_letter = PATH, retry_seconds = 0.05, batch_entries = 2 })
                scripted(plugin, function() return "retry", "no", nil, nil, cause end)
                plugin:push("1")
                plugin:push("2")
                eventually(function() return dropped(plugin, "gave_up") == 2 end)
                assert.equal(lines, kept())
            end
        end)

        it("may be out of reach, which is counted and nothing else", function()
            local plugin = new({ dead_letter = "/dev/full" })
            local before = count(plugin.flusher.faults.family:labels("post_action", "dead_letter"))
            scripted(plugin, function() return "poison", "no" end)
            plugin:push("1")
            eventually(function() return dropped(plugin, "refused") == 1 end)
            eventually(function() return queued(plugin) == 0 end)
            assert.equal(0, count(plugin.figures.dead_lettered))
            assert.equal(before + 1, count(plugin.flusher.faults.family:labels("post_action", "dead_letter")))
        end)

        it("must be a path", function()
            local ok, err = pcall(new, { dead_letter = "x" })
            assert.is_false(ok)
            assert.equal('post_action.dead_letter must be an absolute path, beginning with "/", got "x"', err)
        end)
    end)

    describe("the circuit", function()
        local function circuit(plugin)
            return shared_memory.total(region, plugin.figures.circuit_slot)
        end

        it("opens after five failures: single entries then, until one arrives", function()
            local random = replace(require("resty.openclaw.core.bytes.random"), "share", function() return 0 end)
            local plugin = new({ batch_entries = 3, batch_seconds = 60 })
            local open = {}
            local sink = scripted(plugin, function(try)
                open[try] = circuit(plugin)
                if try <= 7 then return "retry", "no" end
                return "sent"
            end)
            for number = 1, 3 do
                plugin:push(tostring(number))
            end
            eventually(function() return queued(plugin) == 0 end)
            random()
            local all = "1\n2\n3\n"
            assert.same({ all, all, all, all, all, "1\n", "1\n", "1\n", "2\n3\n" }, sink.texts)
            assert.same({ 0, 0, 0, 0, 0, 1, 1, 1, 0 }, open)
            assert.equal(3, count(plugin.figures.sent))
            assert.equal(0, circuit(plugin))
        end)

        it("stays open from one batch to the next", function()
            local random = replace(require("resty.openclaw.core.bytes.random"), "share", function() return 0 end)
            local clock = require("resty.openclaw.core.time.clock")
            local now, later = clock.now, 0
            local back = replace(clock, "now", function() return now() + later end)
            local plugin = new({ batch_entries = 2, batch_seconds = 60, retry_seconds = 100 })
            local broken, circuits = true, {}
            local sink = scripted(plugin, function(try)
                circuits[try] = circuit(plugin)
                -- The time of the first batch is over when the circuit is open.
                if circuits[try] == 1 then later = 200 end
                if broken then return "retry", "no" end
                return "sent"
            end)
            for number = 1, 4 do
                plugin:push(tostring(number))
            end
            eventually(function() return dropped(plugin, "gave_up") == 2 end)
            local before = #sink.texts
            eventually(function() return #sink.texts > before end)
            assert.same({ "3\n", 1 }, { sink.texts[before + 1], circuits[before + 1] })
            broken = false
            eventually(function() return queued(plugin) == 0 end)
            back()
            random()
            assert.equal(2, count(plugin.figures.sent))
        end)

        it("is closed by a refusal, which is an answer", function()
            local random = replace(require("resty.openclaw.core.bytes.random"), "share", function() return 0 end)
            local plugin = new({ batch_entries = 3, batch_seconds = 60 })
            local sink = scripted(plugin, function(try)
                if try <= 5 then return "retry", "no" end
                if try == 6 then return "poison", "never" end
                return "sent"
            end)
            for number = 1, 3 do
                plugin:push(tostring(number))
            end
            eventually(function() return queued(plugin) == 0 end)
            random()
            assert.equal("2\n3\n", sink.texts[7])
            assert.equal(1, dropped(plugin, "refused"))
        end)
    end)

    describe("ids", function()
        it("are given to tables that bring none, in order", function()
            local plugin = new({ batch_entries = 5, batch_seconds = 60 })
            plugin:push({ a = 1 })
            plugin:push({})
            plugin:push({ id = "mine", a = 1 })
            plugin:push({ 1, 2 })
            plugin:push('{"a":1}')
            eventually(function() return #receiver.lines == 5 end)
            local first, number = receiver.lines[1]:match('^{"id":"(%x+%-%x+%-)(%d+)","a":1}$')
            assert.equal("1", number)
            assert.equal('{"id":"' .. first .. '2"}', receiver.lines[2])
            assert.same({ id = "mine", a = 1 }, cjson.decode(receiver.lines[3]))
            assert.same({ "[1,2]", '{"a":1}' }, { receiver.lines[4], receiver.lines[5] })
        end)

        it("leave the caller's table as it is", function()
            local entry = { a = 1 }
            new():push(entry)
            assert.same({ a = 1 }, entry)
        end)
    end)

    describe("accounts", function()
        it("balance at every moment, whatever the sink does", function()
            math.randomseed(77)
            local plugin = new({
                max_entries = 40, max_bytes = 400, batch_entries = 7, batch_bytes = 60, batch_seconds = 0.002, retry_seconds = 0.05,
            })
            local sunk, refused, hold = 0, 0, false
            scripted(plugin, function(_, _, entries)
                while hold do ngx.sleep(0.002) end
                if math.random() < 0.3 then ngx.sleep(math.random() * 0.01) end
                local chance = math.random()
                if chance < 0.55 then
                    sunk = sunk + entries
                    return "sent"
                elseif chance < 0.6 and entries > 1 then
                    return "split", "perhaps"
                elseif chance < 0.6 then
                    refused = refused + entries
                    return "split", "no"
                elseif chance < 0.7 then
                    refused = refused + entries
                    return "poison", "no"
                elseif chance < 0.75 then
                    error("oops")
                end
                return "retry", "later", chance < 0.8 and 0.01 or nil
            end)
            local pushed = 0
            local function balanced()
                local lost = 0
                for _, counter in pairs(plugin.figures.dropped) do
                    lost = lost + count(counter)
                end
                assert.equal(pushed, count(plugin.figures.sent) + lost + queued(plugin))
                assert.is_true(queued(plugin) <= 40)
                assert.is_true(shared_memory.total(region, plugin.figures.queued_bytes_slot) <= 400)
            end
            for step = 1, 300 do
                hold = step % 100 > 80
                for _ = 1, math.random(0, 6) do
                    local line = tostring(step):rep(math.random(1, 25))
                    plugin:push(math.random() < 0.02 and "two\nlines" or line)
                    pushed = pushed + 1
                end
                balanced()
                if math.random() < 0.5 then ngx.sleep(math.random() * 0.005) end
                balanced()
            end
            eventually(function() return queued(plugin) == 0 end)
            balanced()
            assert.equal(sunk, count(plugin.figures.sent))
            assert.equal(refused, dropped(plugin, "refused"))
            assert.is_true(sunk > 0 and dropped(plugin, "overflow") > 0)
        end)

        it("show on the metrics page what all workers have queued, and for how long", function()
            local plugin = new({ name = "shown", batch_seconds = 60 })
            plugin:push("12345")
            ngx.sleep(0.05)
            local shown = {}
            for _, collector in ipairs(metric_registry.open("openclaw").collectors) do
                collector.collect(function(labels, value)
                    shown[collector.name .. labels] = value
                end)
            end
            assert.equal(1, shown['openclaw_post_action_queued{sink="shown"}'])
            assert.equal(6, shown['openclaw_post_action_queued_bytes{sink="shown"}'])
            assert.equal(0, shown['openclaw_post_action_circuit_open{sink="shown"}'])
            local age = shown['openclaw_post_action_oldest_seconds{sink="shown"}']
            assert.is_true(age >= 0.04 and age < 5)
        end)
    end)

    describe("the background thread", function()
        it("is one, however many entries come", function()
            local plugin = new({ batch_entries = 1, batch_seconds = 0.001 })
            local inside, most = 0, 0
            scripted(plugin, function()
                inside = inside + 1
                most = math.max(most, inside)
                ngx.sleep(0.002)
                inside = inside - 1
                return "sent"
            end)
            local timers = count_timers()
            for _ = 1, 50 do
                plugin:push("x")
                ngx.sleep(0.001)
            end
            timers.stop()
            eventually(function() return count(plugin.figures.sent) == 50 end)
            assert.equal(1, most)
            assert.equal(1, timers.number)
        end)

        it("is started by init_worker, and by the first entry otherwise", function()
            local plugin = new()
            plugin:init_worker()
            plugin:init_worker()
            eventually(function() return plugin.flusher.state == "running" end)
        end)

        it("gets a fresh timer after a thousand batches", function()
            local plugin = new({ batch_entries = 1 })
            scripted(plugin, function() return "sent" end)
            local timers = count_timers()
            for _ = 1, 2100 do
                plugin:push("x")
            end
            eventually(function() return count(plugin.figures.sent) == 2100 end)
            timers.stop()
            assert.equal(3, timers.number)
        end)

        it("is started again when its timer never ran", function()
            local plugin = new()
            local restore = replace(ngx.timer, "at", function() return true end)
            plugin:push("1")
            plugin:push("2")
            restore()
            assert.equal("starting", plugin.flusher.state)
            plugin:push("3")
            assert.equal("starting", plugin.flusher.state)
            ngx.sleep(1.1)
            plugin:push("4")
            eventually(function() return #receiver.lines == 4 end)
        end)

        it("is started again when there was no timer to have", function()
            local plugin = new()
            local restore = replace(ngx.timer, "at", no_timers)
            assert.is_true(plugin:push("1"))
            restore()
            plugin:push("2")
            eventually(function() return #receiver.lines == 2 end)
        end)

        it("is started by the watch when entries wait and nobody pushes", function()
            local plugin = new()
            local watch
            local restore_at = replace(ngx.timer, "at", no_timers)
            local restore_every = replace(ngx.timer, "every", function(_, callback, flusher)
                watch = function() callback(false, flusher) end
                return true
            end)
            plugin:push("1")
            restore_at()
            restore_every()
            watch()
            eventually(function() return #receiver.lines == 1 end)
        end)

        it("survives a failure of its own, with the batch it had", function()
            local plugin = new()
            local real = plugin.figures.sent.inc
            local failed = false
            plugin.figures.sent.inc = function(...)
                if not failed then
                    failed = true
                    error("oops")
                end
                return real(...)
            end
            plugin:push("1")
            eventually(function() return failed and plugin.flusher.state == "idle" end)
            assert.equal(1, queued(plugin))
            plugin:push("2")
            eventually(function() return queued(plugin) == 0 end)
            assert.same({ ["1"] = 2, ["2"] = 1 }, received())
        end)
    end)

    describe("the exit of a worker", function()
        local exiting, fire, restore_exiting

        --- A plugin whose watch timer is in the spec's hands.
        local function watched(options)
            local plugin = new(options)
            local restore = replace(ngx.timer, "every", function(_, callback, flusher)
                fire = function() callback(true, flusher) end
                return true
            end)
            plugin:init_worker()
            restore()
            eventually(function() return plugin.flusher.state == "running" end)
            return plugin
        end

        local function quit()
            exiting = true
            fire()
        end

        before_each(function()
            exiting = false
            restore_exiting = replace(ngx.worker, "exiting", function() return exiting end)
        end)
        after_each(function()
            restore_exiting()
        end)

        it("ends a thread that has nothing to do", function()
            local plugin = watched({ batch_seconds = 60 })
            quit()
            eventually(function() return plugin.flusher.state == "idle" end)
        end)

        it("sends at once what waits to grow", function()
            local plugin = watched({ batch_seconds = 60 })
            plugin:push("x")
            ngx.sleep(0.02)
            assert.equal(0, #receiver.lines)
            quit()
            eventually(function() return #receiver.lines == 1 end)
            eventually(function() return plugin.flusher.state == "idle" end)
        end)

        it("delivers what comes after the drain began", function()
            local plugin = watched()
            quit()
            eventually(function() return plugin.flusher.state == "idle" end)
            for number = 1, 3 do
                plugin:push(tostring(number))
                eventually(function() return #receiver.lines == number end)
                eventually(function() return plugin.flusher.state == "idle" end)
            end
        end)

        it("cuts a long pause before the next try short", function()
            local plugin = watched()
            receiver.statuses, receiver.retry_after = { 503 }, 30
            plugin:push("x")
            eventually(function() return receiver.requests == 1 end)
            ngx.sleep(0.02)
            quit()
            eventually(function() return #receiver.lines == 1 end)
        end)

        it("gives up after drain_seconds, counting what was left", function()
            local plugin = watched({ drain_seconds = 0.3, batch_entries = 2 })
            receiver.status = 503
            for number = 1, 5 do
                plugin:push(tostring(number))
            end
            quit()
            ngx.update_time()
            local began = ngx.now()
            eventually(function() return plugin.flusher.state == "idle" end)
            assert.is_true(ngx.now() - began >= 0.25 and ngx.now() - began < 30)
            assert.equal(5, dropped(plugin, "exit"))
            assert.equal(0, queued(plugin))
        end)

        it("lets the last entry begin drain_seconds anew", function()
            local plugin = watched({ drain_seconds = 1.5 })
            receiver.status = 503
            plugin:push("1")
            quit()
            ngx.sleep(1)
            plugin:push("2")
            ngx.sleep(1)
            assert.equal(0, dropped(plugin, "exit"))
            receiver.status = 200
            eventually(function() return #receiver.lines == 2 end)
        end)

        it("tells the sink how long it may take", function()
            local plugin = watched({ drain_seconds = 2 })
            local given
            scripted(plugin, function(_, _, _, most_seconds)
                given = most_seconds
                return "sent"
            end)
            plugin:push("1")
            eventually(function() return given end)
            assert.equal(math.huge, given)
            quit()
            given = nil
            plugin:push("2")
            eventually(function() return given end)
            assert.is_true(given > 1 and given <= 2)
        end)

        it("does not wait for a slow sink past drain_seconds", function()
            local plugin = watched({ drain_seconds = 0.2, sink = { type = "http", url = RECEIVER, timeout_seconds = 5 } })
            quit()
            eventually(function() return plugin.flusher.state == "idle" end)
            receiver.delay = 1
            plugin:push("1")
            eventually(function() return dropped(plugin, "exit") == 1 end)
        end)

        it("counts in exit_worker what no thread will deliver any more", function()
            local plugin = watched({ batch_seconds = 60, batch_entries = 2 })
            local hold = true
            scripted(plugin, function()
                while hold do ngx.sleep(0.005) end
                return "sent"
            end)
            for number = 1, 3 do
                plugin:push(tostring(number))
            end
            eventually(function() return plugin.flusher.batch end)
            plugin:exit_worker()
            assert.equal(3, dropped(plugin, "exit"))
            assert.equal(0, queued(plugin))
            hold = false
        end)
    end)

    describe("the request record", function()
        local function record(path, headers, method)
            local before = #receiver.lines
            http.raw((method or "GET") .. " " .. path .. " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" .. (headers or "") .. "\r\n")
            eventually(function() return #receiver.lines > before end)
            return cjson.decode(receiver.lines[before + 1]), receiver.lines[before + 1]
        end

        it("tells of a request without any node", function()
            receiver.plugin = new()
            local fields = record("/post_action/plain/caf%C3%A9?secret=1&x=y")
            assert.equal("GET", fields.method)
            assert.equal("/post_action/plain/caf%C3%A9", fields.uri)
            assert.equal(200, fields.status)
            assert.equal(cjson.null, fields.route)
            assert.equal(cjson.null, fields.node)
            assert.equal(cjson.null, fields.upstream_seconds)
            assert.equal(cjson.null, fields.cache)
            assert.equal("127.0.0.1", fields.client)
            assert.is_true(fields.request_seconds >= 0 and fields.request_seconds < 5)
            assert.is_true(fields.request_bytes > 50 and fields.response_bytes > 50)
            assert.is_true(math.abs(fields.time - ngx.now()) < 5)
            assert.is_nil(fields.tries)
        end)

        it("has an id of its own", function()
            receiver.plugin = new()
            local first, second = record("/post_action/plain").id, record("/post_action/plain").id
            assert.matches("^%x+%-%x+%-1$", first)
            assert.equal(first:gsub("1$", "2"), second)
            receiver.plugin = new()
            assert.not_equal(first, record("/post_action/plain").id)
        end)

        it("shows the query only where that is wished for", function()
            receiver.plugin = new({ record_query = true })
            assert.equal("/post_action/plain?a=b", record("/post_action/plain?a=b").uri)
        end)

        it("names the route, and shows more variables where they are asked for", function()
            receiver.plugin = new({ record_variables = { model = "spec_model", none = "spec_nothing" } })
            local fields = record("/post_action/named")
            assert.equal("from variable", fields.route)
            assert.equal('a "model"', fields.model)
            assert.equal(cjson.null, fields.none)
            assert.equal("given", record("/post_action/named?route=given").route)
        end)

        it("has the ids of the request, and what only some requests have", function()
            receiver.plugin = new({ record_variables = { last = "spec_nothing" } })
            local fields = record("/post_action/plain")
            assert.matches("^%x+$", fields.request_id)
            assert.equal(32, #fields.request_id)
            assert.equal(cjson.null, fields.trace_id)
            assert.same({}, { fields.variant, fields.model, fields.degraded })
            fields = record("/post_action/circumstances")
            assert.equal("0af7651916cd43dd8448eb211c80319c", fields.trace_id)
            assert.same({ 'v"1"', "pond-7", true, cjson.null }, {
                fields.variant, fields.model, fields.degraded, fields.last,
            })
        end)

        it("has what the answer of a model says of itself, as numbers", function()
            receiver.plugin = new({ record_variables = {
                tokens = "openclaw_completion_tokens", first = "openclaw_first_token_seconds", code = "status",
                given = "arg_n", connected = "upstream_connect_time", took = "request_time",
            } })
            local fields = record("/post_action/answer?n=7")
            assert.same({ "pond-7", 9, 8, 5, 2, "usage", "stop", 0.125 }, {
                fields.model, fields.prompt_tokens, fields.cached_tokens, fields.completion_tokens, fields.reasoning_tokens,
                fields.tokens_source, fields.finish_reason, fields.first_token_seconds,
            })
            -- What clients write stays a text.
            assert.same({ 5, 0.125, 200, "7", cjson.null }, { fields.tokens, fields.first, fields.code, fields.given, fields.connected })
            assert.is_number(fields.took)
        end)

        it("tells of the node that answered", function()
            receiver.plugin = new()
            local fields = record("/post_action/one_node")
            assert.equal("127.0.0.1:18087", fields.node)
            assert.is_true(fields.upstream_seconds >= 0)
            assert.is_nil(fields.tries)
        end)

        it("tells of every try", function()
            receiver.plugin = new()
            local fields = record("/post_action/retried")
            assert.equal(200, fields.status)
            assert.equal("127.0.0.1:18087", fields.node)
            assert.equal(3, #fields.tries)
            local statuses, seconds = {}, 0
            for _, try in ipairs(fields.tries) do
                statuses[try.node] = try.status
                seconds = seconds + try.seconds
            end
            assert.same({ ["127.0.0.1:1"] = 502, ["127.0.0.1:18088"] = 503, ["127.0.0.1:18087"] = 200 }, statuses)
            assert.is_true(math.abs(seconds - fields.upstream_seconds) < 0.001)
        end)

        it("tells of every try across an internal redirect", function()
            receiver.plugin = new()
            local fields = record("/post_action/redirected")
            assert.equal("127.0.0.1:18087", fields.node)
            assert.equal(2, #fields.tries)
            assert.equal("/post_action/redirected", fields.uri)
        end)

        it("is valid JSON whatever the client sends", function()
            receiver.plugin = new({ record_query = true })
            for _, path in ipairs({ '/post_action/plain/"\\', "/post_action/plain/\255\254", "/post_action/plain/%22?\"" }) do
                assert.is_nil(select(2, record(path)):find("[\254\255]"))
            end
            local fields = record("/post_action/plain/" .. ("x"):rep(5000))
            assert.equal(2048, #fields.uri)
            assert.equal("PURGE", record("/post_action/plain", "", "PURGE").method)
        end)

        it("is not made where it is not wished for", function()
            receiver.plugin = new({ record = false })
            http.get("/post_action/plain")
            receiver.plugin:push("only")
            eventually(function() return #receiver.lines > 0 end)
            assert.same({ "only" }, receiver.lines)
        end)

        it("never raises, even where there is no request", function()
            local plugin = new()
            plugin:log()
            assert.equal(1, dropped(plugin, "invalid"))
        end)
    end)
end)
