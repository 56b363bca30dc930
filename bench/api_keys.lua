--- What an API key costs, with 100,000 of them in the file, and how long a change of the file holds a worker. Run by in_worker.mjs.
local clock = require("resty.openclaw.core.time.clock")
local credentials = require("resty.openclaw.auth.api_key.credential")
local entries = require("resty.openclaw.auth.api_key.entries")
local files = require("resty.openclaw.core.files.files")
local key_file = require("resty.openclaw.auth.api_key.key_file")
local fault = require("resty.openclaw.core.metrics.fault")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local redis_keys = require("resty.openclaw.auth.api_key.redis_keys")
local schema = require("resty.openclaw.config.schema")
local time_slice = require("resty.openclaw.core.time.time_slice")

local ffi = require("ffi")
ffi.cdef("struct openclaw_bench_time { int64_t seconds; int64_t nanoseconds; };")
ffi.cdef('int openclaw_bench_clock(int which, struct openclaw_bench_time *time) __asm__("clock_gettime");')

local KEYS, LOOPS, ROUNDS = 100000, 20000, 9

local moment = ffi.new("struct openclaw_bench_time")
local function milliseconds()
    ffi.C.openclaw_bench_clock(2, moment) -- of this process, so that others do not count
    return tonumber(moment.seconds) * 1e3 + tonumber(moment.nanoseconds) / 1e6
end

local keys = {}
for number = 1, KEYS do keys[number] = ("oc_%043d"):format(number) end

local function text()
    local lines = {}
    for number, key in ipairs(keys) do
        lines[number] = ("client-%d %s tenant=tenant-%d class=vip rate=600/minute routes=analyze,embed expires=2099-01-31")
            :format(number, credentials.digest_of(key), number % 1000)
    end
    return table.concat(lines, "\n") .. "\n"
end

--- The longest time that the worker was held for, in ms, and all of it.
local function reload(its_text)
    collectgarbage()
    local longest, began = 0, milliseconds()
    local since = began
    local function pause()
        longest = math.max(longest, milliseconds() - since)
        time_slice.yield_now()
        since = milliseconds()
    end
    local found = assert(entries.parse(its_text, time_slice.paced(pause)))
    longest = math.max(longest, milliseconds() - since)
    return longest, milliseconds() - began, found
end

local function duration(work, ...)
    local began = milliseconds()
    work(...)
    return milliseconds() - began
end

local function median(work, ...)
    -- A loop of its own, so that cases do not share compiled traces.
    local loop = loadstring("local work, count, method, keys, now, span = ... for turn = 1, count do work(method, keys[turn % span + 1], now) end")
    local taken = {}
    loop(work, LOOPS, ...)
    for round = 1, ROUNDS do
        local start = os.clock() -- of this process, so that others do not count
        loop(work, LOOPS, ...)
        taken[round] = (os.clock() - start) / LOOPS * 1e6
    end
    table.sort(taken)
    return taken[(ROUNDS + 1) / 2]
end

local function run()
    local path = os.tmpname()
    local its_text = text()
    local file = assert(io.open(path, "w"))
    file:write(its_text)
    file:close()
    collectgarbage()
    local before = collectgarbage("count")
    local options = { registry = metric_registry.open("openclaw"), plugin = "auth", option = "bench", path = path }
    local method = key_file.new(options)
    collectgarbage()
    local lines = { ("%d keys: %.1f MB of file, %.1f MB in each worker"):format(KEYS, #its_text / 1e6, (collectgarbage("count") - before) / 1024) }
    local function add(format, ...) lines[#lines + 1] = format:format(...) end
    local unknown = {}
    for number = 1, 16 do unknown[number] = ("xx_%043d"):format(number) end
    add("one key again and again: %.2f us", median(method.check, method, keys, 1e9, 1))
    add("16 keys in turn: %.2f us", median(method.check, method, keys, 1e9, 16))
    add("20,000 keys in turn: %.2f us", median(method.check, method, keys, 1e9, 20000))
    add("16 unknown keys in turn: %.2f us", median(method.check, method, unknown, 1e9, 16))
    local in_redis = redis_keys.new(schema.read_or_raise(redis_keys.SCHEMA, { cache_seconds = 1e6 }, "bench"), "bench", fault.new("auth", options.registry))
    for number = 1, 16 do
        in_redis.known:set(credentials.digest_of(keys[number]), { caller = method:check(keys[number], 1e9), asked_at = clock.now() })
    end
    add("16 keys of Redis that the worker remembers, in turn: %.2f us", median(in_redis.check, in_redis, keys, 1e9, 16))
    collectgarbage("stop")
    before = collectgarbage("count")
    for _ = 1, 100000 do method:check(keys[7], 1e9) end
    add("garbage of a known key: %.2f bytes", (collectgarbage("count") - before) * 1024 / 100000)
    collectgarbage("restart")
    keys = nil
    add("reading the file: %.1f ms, its MD5: %.1f ms", duration(files.beginning, path, entries.MOST_BYTES + 1), duration(ngx.md5, its_text))
    os.remove(path)
    for _ = 1, 3 do
        local longest, all = reload(its_text)
        add("read again: at most %.2f ms at a stretch, %.0f ms in all", longest, all)
    end
    -- As in a worker, the keys in use were there all the time.
    assert(method.keys.current.count == KEYS)
    return table.concat(lines, "\n") .. "\n"
end

return { run = run }
