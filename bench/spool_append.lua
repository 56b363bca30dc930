--- What the spool takes and gives: entries of 100 to 1000 bytes appended one by one, with fsync "interval" in a thread,
-- and taken again in batches of a megabyte. Run by in_worker.mjs.
local fault = require("resty.openclaw.core.metrics.fault")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local spools = require("resty.openclaw.spool")

local ROUNDS, BYTES = 5, 64e6
local MB = 1e6

local faults = fault.new("spool", metric_registry.open("openclaw"))
local spool = spools.new({
    directory = ngx.config.prefix() .. "spool", most_bytes = 2 ^ 30, segment_bytes = 2 ^ 23, drop_oldest = false,
    fsync = "interval", fsync_seconds = 1, thread_pool = "spool", faults = faults,
})
local lines = {}
for index = 0, 9 do lines[index] = '{"entry":"' .. ("x"):rep(100 + 100 * index - 12) .. '"}' end

local _M = {}

local function wall()
    ngx.update_time()
    return ngx.now()
end

local function append_all()
    local bytes, entries = 0, 0
    local start, cpu = wall(), os.clock()
    while bytes < BYTES do
        for _ = 1, 1000 do
            local line = lines[entries % 10]
            assert(spools.append(spool, line))
            bytes, entries = bytes + #line, entries + 1
        end
        ngx.sleep(0.001) -- requests have their turn, and so has the timer that waits for the disk
    end
    return bytes / MB / (wall() - start), (os.clock() - cpu) / entries * 1e6
end

local function take_all()
    local bytes, start = 0, wall()
    repeat
        local text, entries = spools.take(spool, 10000, 1048576)
        bytes = bytes + #text
        spools.finish(spool)
    until entries == 0
    return bytes / MB / (wall() - start)
end

local function line(name, unit, values)
    table.sort(values)
    return string.format("%s: %.1f %s, median of %d rounds (%.1f to %.1f)\n",
        name, values[(#values + 1) / 2], unit, #values, values[1], values[#values])
end

function _M.run()
    local appended, cost, taken = {}, {}, {}
    for round = 0, ROUNDS do
        local rate, microseconds = append_all()
        local read = take_all()
        if round > 0 then -- the first warms up
            appended[round], cost[round], taken[round] = rate, microseconds, read
        end
    end
    spools.close(spool)
    return line("append", "MB/s", appended) .. line("append, CPU an entry", "µs", cost) .. line("take", "MB/s", taken)
end

return _M
