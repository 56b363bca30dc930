--- What a bound handle costs, and for comparison the shared dict's own `incr`. Run by in_worker.mjs.
--
-- Every round runs each candidate once, in turn, and the other way round in the next round. Values change and come from
-- a table, and the loop goes round eight handles, so that the compiler can move nothing out of the loop. The same loop
-- with nothing in it is taken off.
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")

local ROUNDS, LOOPS = 9, 2000000

local registry = metric_registry.open("openclaw")
local dict = ngx.shared.openclaw

local counters = metric_registry.counter(registry, "bench_total", "Counted.", { "node" })
local histograms = metric_registry.histogram(registry, "bench_seconds", "Timed.", { "node" })
local gauges = metric_registry.gauge(registry, "bench_level", "Set.", { "node" })
local counter, histogram, gauge, key, value = {}, {}, {}, {}, {}
for index = 0, 7 do
    counter[index] = counters:labels("node " .. index)
    histogram[index] = histograms:labels("node " .. index)
    gauge[index] = gauges:labels("node " .. index)
    key[index] = "bench " .. index
    dict:set(key[index], 0)
end
math.randomseed(1)
-- Spread over the buckets as latencies are: most below a second, some of minutes.
for index = 0, 1023 do value[index] = math.exp(math.random() * 9 - 4) end

-- Each candidate has its loop to itself: loops that share a function share its compiled traces.
local candidates = {
    { name = "empty loop", run = function(count)
        local sum = 0
        for index = 1, count do
            sum = sum + value[index % 1024] + index % 8
        end
        return sum
    end },
    { name = "counter:inc(value)", run = function(count)
        for index = 1, count do counter[index % 8]:inc(value[index % 1024]) end
    end },
    { name = "gauge:set(value)", run = function(count)
        for index = 1, count do gauge[index % 8]:set(value[index % 1024]) end
    end },
    { name = "histogram:observe(value)", run = function(count)
        for index = 1, count do histogram[index % 8]:observe(value[index % 1024]) end
    end },
    { name = "dict:incr(key, value)", run = function(count)
        for index = 1, count do dict:incr(key[index % 8], value[index % 1024]) end
    end },
}

local function measure(candidate)
    collectgarbage()
    collectgarbage("stop")
    local memory = collectgarbage("count")
    local start = os.clock() -- of this process, so that others do not count
    candidate.run(LOOPS)
    local seconds = os.clock() - start
    local bytes = (collectgarbage("count") - memory) * 1024
    collectgarbage("restart")
    return seconds / LOOPS * 1e9, bytes / LOOPS * 1e6
end

local function median(numbers)
    table.sort(numbers)
    return numbers[math.ceil(#numbers / 2)]
end

local function run()
    for _, candidate in ipairs(candidates) do
        candidate.nanoseconds, candidate.bytes = {}, {}
        candidate.run(LOOPS / 10) -- compiles
    end
    for round = 1, ROUNDS do
        local first, last, step = 2, #candidates, 1
        if round % 2 == 0 then first, last, step = last, first, -1 end
        local base = measure(candidates[1])
        candidates[1].nanoseconds[round], candidates[1].bytes[round] = base, 0
        for index = first, last, step do
            local candidate = candidates[index]
            local nanoseconds, bytes = measure(candidate)
            candidate.nanoseconds[round], candidate.bytes[round] = nanoseconds - base, bytes
        end
    end
    local line = "%-26s %10s %16s %28s"
    local lines = { line:format("candidate", "median ns", "min to max ns", "bytes of garbage a million") }
    for _, candidate in ipairs(candidates) do
        local nanoseconds = candidate.nanoseconds
        local middle = median(nanoseconds) -- sorts
        local range = string.format("%.1f to %.1f", nanoseconds[1], nanoseconds[#nanoseconds])
        local bytes = string.format("%.0f", median(candidate.bytes))
        lines[#lines + 1] = line:format(candidate.name, string.format("%.1f", middle), range, bytes)
    end
    return table.concat(lines, "\n") .. "\n"
end

return { run = run }
