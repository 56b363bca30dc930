--- What a place in a waiting room costs that is free: looking, taking it, noting the wait, giving it back. Run by in_worker.mjs. One
-- more block of shared memory for each further worker has to be looked at.
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local places_of = require("resty.openclaw.balancer.waiting_room.places")

local ROUNDS, LOOPS = 9, 1000000
local HIGHEST_BLOCK = 1

local registry = metric_registry.open("openclaw")
local classes = {
    { name = "batch", weight = 1, size = 200, wait_seconds = 10 },
    { name = "standard", weight = 3, size = 200, wait_seconds = 10 },
    { name = "vip", weight = 8, size = 200, wait_seconds = 10 },
}
local places = places_of.new(registry.region, "bench", classes, function() end)
local class = places.by_name.vip
local result = metric_registry.counter(registry, "bench_total", "Counted.", { "class" }):labels("vip")
local seconds = metric_registry.histogram(registry, "bench_seconds", "Timed.", { "class" }):labels("vip")

local function run(count)
    for _ = 1, count do
        if places_of.is_free(places, 1000) then
            places_of.take(places, class)
            metric_handles.add(result)
            metric_handles.observe(seconds, 0)
            places_of.give_back(places)
        end
    end
end

local _M = {}

function _M.run()
    local lines = { "| workers | ns for a place that is free |", "| --- | --- |" }
    for _, workers in ipairs({ 1, 2, 8, 32 }) do
        local block = math.max(workers, registry.region.base[HIGHEST_BLOCK])
        registry.region.base[HIGHEST_BLOCK] = block
        local times = {}
        for round = 1, ROUNDS do
            local start = os.clock()
            run(LOOPS)
            times[round] = (os.clock() - start) / LOOPS * 1e9
        end
        table.sort(times)
        lines[#lines + 1] = ("| %d | %.0f (%.0f–%.0f) |"):format(block, times[(ROUNDS + 1) / 2], times[1], times[ROUNDS])
    end
    return table.concat(lines, "\n")
end

return _M
