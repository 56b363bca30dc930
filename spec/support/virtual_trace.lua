--- Requests as they come and what work each of them is, decided before any policy is asked: all policies, and all
--- simulators, meet the same ones.
local virtual_random = require("spec.support.virtual_random")

local _M = {}

--- Work in seconds at speed 1, cut to what an image model takes at least and at most; `mean` is what the cuts leave.
local DISTRIBUTIONS = {
    exponential = { mean = 1.0023607264121017, draw = virtual_random.exponential },
    lognormal = {
        mean = 0.9972856267495837,
        draw = function(random) return math.exp(1.2 * virtual_random.normal(random) - 0.72) end,
    },
}
local LEAST_WORK, MOST_WORK = 0.06, 30

--- Poisson arrivals over so many seconds: `arrivals` and `works`, in order, and their `count`.
-- @param work how much work arrives each second, in seconds at speed 1
function _M.new(distribution, work, seconds, seed)
    local kind = DISTRIBUTIONS[distribution]
    local of_arrivals = virtual_random.new(seed * 7919 + 11)
    local of_works = virtual_random.new(seed * 104729 + 77)
    local rate = work / kind.mean
    local trace = { arrivals = {}, works = {}, count = 0 }
    local now = virtual_random.exponential(of_arrivals) / rate
    while now <= seconds do
        trace.count = trace.count + 1
        trace.arrivals[trace.count] = now
        trace.works[trace.count] = math.min(MOST_WORK, math.max(LEAST_WORK, kind.draw(of_works)))
        now = now + virtual_random.exponential(of_arrivals) / rate
    end
    return trace
end

return _M
