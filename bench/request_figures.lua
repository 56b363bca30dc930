--- What the parts of the built-in metrics cost in ns, in the log phase of a real request that a node has answered: each
-- is called again and again, so that all is compiled and in the caches. Run by request_figures.mjs.
local LOOPS, ROUNDS = 20000, 9
local FORMAT = "| %s | %.0f |"

local _M = {}

local function nanoseconds(work)
    -- A loop of its own, so that cases do not share compiled traces.
    local loop = loadstring("local work, count = ... for _ = 1, count do work() end")
    loop(work, 3000)
    local taken = {}
    for round = 1, ROUNDS do
        local start = os.clock() -- of this process, so that others do not count
        loop(work, LOOPS)
        taken[round] = (os.clock() - start) / LOOPS * 1e9
    end
    table.sort(taken)
    return taken[1]
end

function _M.run()
    local first_byte = require("resty.openclaw.metrics.first_byte")
    local metrics = require("resty.openclaw.metrics").new()
    local queue = require("resty.openclaw.balancer.first_try_wait")
    local request = require("resty.openclaw.core.request.request")
    local try_figures = require("resty.openclaw.balancer.try_figures")
    local recorder = metrics:recorder("core")
    local figures = try_figures.new(metrics.registry, "cluster", "bench")
    local waits = queue.new(metrics.registry, "cluster")
    local cases = {
        { "recorder:log", function() recorder:log() end },
        { "recorder:header_filter", function() recorder:header_filter() end },
        { "first byte, noted and taken", function() first_byte.note() first_byte.take(1) end },
        { "balancer: the wait", function() queue.end_wait(waits) end },
        { "balancer: a try's figures", function()
            try_figures.count(figures, "200", request.seconds("upstream_response_time"))
        end },
        { "$openclaw_variant", function() return request.variable("openclaw_variant") end },
        { "$upstream_response_time", function() return request.seconds("upstream_response_time") end },
    }
    local lines = { "", "| part | ns, least of " .. ROUNDS .. " |", "| --- | --- |" }
    for _, case in ipairs(cases) do lines[#lines + 1] = FORMAT:format(case[1], nanoseconds(case[2])) end
    return table.concat(lines, "\n")
end

return _M
