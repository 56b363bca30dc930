--- What came of a run in virtual time.
local _M = {}

--- Visits the requests whose time counts in a scenario.
local function each_counted(scenario, arrivals, visit)
    local windows = scenario.windows or { { scenario.warm, math.huge } }
    local place = 1
    for request, at in ipairs(arrivals) do
        while windows[place] and at > windows[place][2] do place = place + 1 end
        if not windows[place] then return end
        if at >= windows[place][1] then visit(request) end
    end
end

local function quantile(sorted, share)
    local place = share * (#sorted - 1) + 1
    local below = math.floor(place)
    return sorted[below] + (place - below) * ((sorted[below + 1] or sorted[below]) - sorted[below])
end

--- Mean and p99 of the seconds that requests took, and the share that failed. One that failed within a second has taken
--- no time worth counting; one that timed out took all of it.
function _M.of(scenario, run)
    local seconds, sum, failed, count = {}, 0, 0, 0
    each_counted(scenario, run.trace.arrivals, function(request)
        count = count + 1
        if run.has_failed[request] then failed = failed + 1 end
        if run.seconds[request] >= 1 or not run.has_failed[request] then
            seconds[#seconds + 1] = run.seconds[request]
            sum = sum + run.seconds[request]
        end
    end)
    table.sort(seconds)
    return { mean = sum / #seconds, p99 = quantile(seconds, 0.99), failed = failed / count, count = count }
end

--- Adds to `sum.sent` and `sum.all` how many requests that came so long after a disturbance went to the disturbed node,
--- and how many there were; at one place only, since the others' share is another.
function _M.add_share(scenario, run, place, from, to, sum)
    local place_of_disturbance = 1
    local disturbances = scenario.disturbances
    for request, at in ipairs(run.trace.arrivals) do
        while disturbances[place_of_disturbance] and at > disturbances[place_of_disturbance].at + to do
            place_of_disturbance = place_of_disturbance + 1
        end
        local disturbance = disturbances[place_of_disturbance]
        if not disturbance then return end
        if disturbance.place == place and at >= disturbance.at + from then
            sum.all = sum.all + 1
            if run.place[request] == place then sum.sent = sum.sent + 1 end
        end
    end
end

return _M
