local ____exports = {}
local math_abs = math.abs
local math_huge = math.huge
local math_log = math.log
local ffi = require("ffi")
local ffi_new = ffi.new
local FIRST = 4
____exports.FIRST = FIRST
local GRID = ffi_new("double[9]", {
    1,
    2,
    4,
    8,
    16,
    32,
    64,
    128,
    256
})
local LAST = 8
--- One bucket for each value of the grid, and one for all beyond.
local BUCKETS = LAST + 2
--- About so many answers are remembered.
local MEMORY = 512
local GROWTH = 1 / (1 - 1 / MEMORY)
local ANSWERS_FOR_AN_ESTIMATE = 20
--- The sums are divided by the weight long before they overflow.
local MOST_SCALE = 1e+100
local function zeros(size)
    return (ffi_new("double[?]", size))
end
--- No observations. Phases: any.
local function create()
    return {
        seconds = zeros(BUCKETS),
        request_seconds = zeros(BUCKETS),
        answers = zeros(BUCKETS),
        logs = zeros(BUCKETS),
        scale = 1,
        seen = 0
    }
end
____exports.new = create
--- The bucket of each number of requests in flight: a lookup, as a loop would keep LuaJIT from compiling its caller.
local MOST_LISTED = 256
local bucket_for = zeros(MOST_LISTED + 1)
for in_flight = 2, MOST_LISTED do
    local before = bucket_for[in_flight - 1]
    bucket_for[in_flight] = in_flight > GRID[before] and before + 1 or before
end
--- The index of the first value of the grid that is large enough; the one past the grid if none is.
local function bucket_of(in_flight)
    return in_flight > MOST_LISTED and BUCKETS - 1 or bucket_for[in_flight]
end
--- Adds that the node had so many requests in flight for so many seconds. Phases: any.
local function spent(concurrency, in_flight, seconds)
    local at = bucket_of(in_flight)
    local weight = seconds * concurrency.scale
    concurrency.seconds[at] = concurrency.seconds[at] + weight
    concurrency.request_seconds[at] = concurrency.request_seconds[at] + weight * in_flight
end
____exports.spent = spent
--- Adds that the node gave so many answers, with so many requests in flight. Phases: any.
local function answered(concurrency, in_flight, count)
    local at = bucket_of(in_flight)
    local scale = concurrency.scale * (count == 1 and GROWTH or GROWTH ^ count)
    concurrency.scale = scale
    concurrency.seen = concurrency.seen + count
    concurrency.answers[at] = concurrency.answers[at] + count * scale
    concurrency.logs[at] = concurrency.logs[at] + count * scale * math_log(in_flight)
end
____exports.answered = answered
local function rescale(concurrency)
    local scale = concurrency.scale
    if scale < MOST_SCALE then
        return
    end
    for at = 0, BUCKETS - 1 do
        concurrency.seconds[at] = concurrency.seconds[at] / scale
        concurrency.request_seconds[at] = concurrency.request_seconds[at] / scale
        concurrency.answers[at] = concurrency.answers[at] / scale
        concurrency.logs[at] = concurrency.logs[at] / scale
    end
    concurrency.scale = 1
end
local function sum_of(values)
    local sum = 0
    for at = 0, BUCKETS - 1 do
        sum = sum + values[at]
    end
    return sum
end
--- The most likely concurrency, and the mean seconds of work per request that belong to it; nothing before 20 answers. Phases: any;
-- takes about a microsecond.
local function estimate(concurrency)
    if concurrency.seen < ANSWERS_FOR_AN_ESTIMATE then
        return nil, 0
    end
    rescale(concurrency)
    local scale = concurrency.scale
    local all_answers = sum_of(concurrency.answers)
    local seconds_above = sum_of(concurrency.seconds)
    local answers_above = all_answers
    local request_seconds = 0
    local logs = 0
    local best
    local best_likelihood = -math_huge
    local best_exposure = 0
    for at = 0, LAST do
        local value = GRID[at]
        seconds_above = seconds_above - concurrency.seconds[at]
        answers_above = answers_above - concurrency.answers[at]
        request_seconds = request_seconds + concurrency.request_seconds[at]
        logs = logs + concurrency.logs[at]
        local exposure = (request_seconds + value * seconds_above) / scale
        if exposure > 0 then
            local sum_of_logs = (logs + math_log(value) * answers_above) / scale
            local prior = math_abs(math_log(value / FIRST))
            local likelihood = sum_of_logs - all_answers / scale * math_log(exposure) - prior
            if likelihood > best_likelihood then
                best = value
                best_likelihood = likelihood
                best_exposure = exposure
            end
        end
    end
    return best, best_exposure / (all_answers / scale)
end
____exports.estimate = estimate
return ____exports
