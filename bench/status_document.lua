--- What the status document costs: node bench/in_worker.mjs status_document
-- 200 upstreams of 10 nodes, 2,000 routes, all of them counted. For each document: the processor time of all of it, and the longest
-- between two places where it yields.
local ffi = require("ffi")
local clock = require("resty.openclaw.core.time.clock")
local document = require("resty.openclaw.status.document_json")
local histories = require("resty.openclaw.status.history")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local outputs = require("resty.openclaw.core.text.json.output")
local plugins = require("resty.openclaw.status.plugin_json")
local time_slice = require("resty.openclaw.core.time.time_slice")

local UPSTREAMS, NODES, ROUTES, DOCUMENTS = 200, 10, 2000, 12

ffi.cdef("struct bench_time { int64_t s; int64_t ns; }; int clock_gettime(int, struct bench_time *);")
local time = ffi.new("struct bench_time")
local PROCESS_CPU = 2

local function processor_ms()
    ffi.C.clock_gettime(PROCESS_CPU, time)
    return tonumber(time.s) * 1e3 + tonumber(time.ns) / 1e6
end

local registry = metric_registry.open("openclaw_bench")

local function counter(name, ...) return metric_registry.counter(registry, name, "", { ... }) end

local function subject()
    local history = histories.new(registry)
    local bounds = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30 }
    local tries = counter("openclaw_upstream_tries_total", "upstream", "node")
    local answers = counter("openclaw_upstream_answers_total", "upstream", "node", "status")
    local durations = metric_registry.histogram(registry, "openclaw_upstream_try_duration_seconds", "", { "upstream", "node" }, bounds)
    local requests = counter("openclaw_requests_total", "route", "variant", "status")
    local duration = metric_registry.histogram(registry, "openclaw_request_duration_seconds", "", { "route", "variant" }, bounds)
    local upstreams, routes = {}, {}
    local function count(step)
        for u = 1, UPSTREAMS do
            for n = 1, NODES do
                local upstream, node = "upstream-" .. u, ("10.0.%d.%d:8000"):format(u, n)
                tries:labels(upstream, node):inc(10)
                answers:labels(upstream, node, "2xx"):inc(9)
                durations:labels(upstream, node):observe(0.0123 * (n + step))
            end
        end
        for r = 1, ROUTES do
            requests:labels("route-" .. r, "", "2xx"):inc(7)
            duration:labels("route-" .. r, ""):observe(0.01 * step)
        end
    end
    for u = 1, UPSTREAMS do
        local reports = {}
        for n = 1, NODES do
            reports[n] = {
                address = ("10.0.%d.%d:8000"):format(u, n), state = "healthy", weight = 1, drain = false, in_flight = 3,
                effective_weight = 0.123456789 * n, service_seconds = 0.0345678, concurrency = 4,
            }
        end
        upstreams["upstream-" .. u] = { report = function() return reports end }
    end
    for r = 1, ROUTES do routes[r] = "route-" .. r end
    local now = clock.now()
    for step = 1, 65 do
        count(step)
        history.activity.requests = -1
        histories.tick(history, now + 5 * step, function() end)
    end
    return {
        upstreams = upstreams, routes = routes, history = history, worker_began = now, started = 1,
        plugins = plugins.new(nil, function() return nil end),
    }, now + 5 * 65 + 2
end

local function run()
    local own, now = subject()
    local lines = {}
    for number = 1, DOCUMENTS do
        local began = processor_ms()
        local last, longest, bytes, turns = began, 0, 0, 0
        local function turn()
            local present = processor_ms()
            longest = math.max(longest, present - last)
            turns = turns + 1
            last = processor_ms()
        end
        local output = outputs.sending(function(piece)
            bytes = bytes + #piece
            turn()
        end, time_slice.paced(turn))
        document.write(own, output, 1, now)
        lines[number] = ("%2d: %.0f KB, %.1f ms, longest %.2f ms, %d pieces"):format(number, bytes / 1000, processor_ms() - began, longest, turns)
    end
    return table.concat(lines, "\n")
end

return { run = run }
