--- What balancers have counted of tries, and how far that grows.
local eventually = require("spec.support.eventually")
local total = require("resty.openclaw.core.memory.shared_memory").total

local _M = {}

local function sum_slot(histogram) return histogram.slot + histogram.buckets.last_bucket + 1 end

local function sum_of(histogram) return total(histogram.region, sum_slot(histogram)) end

--- How many values a histogram has taken.
function _M.count_of(histogram)
    local count = 0
    for slot = histogram.slot, sum_slot(histogram) - 1 do count = count + total(histogram.region, slot) end
    return count
end

--- What is counted of tries now: "port status" -> number, "port sent", "port count" and "port seconds".
local function present(name)
    local all = {}
    for _, peer in ipairs(spec_balancers[name].pool.peers) do
        local port, figures = peer.node.port, peer.figures
        for digit = 1, 5 do
            local handle = figures.answers[48 + digit]
            all[port .. " " .. digit .. "xx"] = total(handle.region, handle.slot)
        end
        all[port .. " other"] = total(figures.other_answers.region, figures.other_answers.slot)
        all[port .. " sent"] = total(figures.sent.region, figures.sent.slot)
        all[port .. " count"] = _M.count_of(figures.seconds)
        all[port .. " seconds"] = sum_of(figures.seconds)
    end
    return all
end

--- Runs `work`, waits until all tries that it began have ended, and returns what has grown, and the seconds apart.
function _M.growth(name, work)
    local before = present(name)
    work()
    local grown, seconds
    eventually(function()
        grown, seconds = {}, {}
        local running = 0
        for what, value in pairs(present(name)) do
            local port, kind = what:match("^(%d+) (.+)$")
            local change = value - before[what]
            if kind == "seconds" then
                seconds[tonumber(port)] = change
            elseif change ~= 0 then
                grown[what] = change
                if kind == "sent" then running = running + change end
                if kind:find("xx", 1, true) or kind == "other" then running = running - change end
            end
        end
        return running == 0
    end, "all tries of " .. name .. " have ended")
    return grown, seconds
end

--- Count and sum of the seconds that requests of an upstream waited.
function _M.waits(name)
    local waits = spec_balancers[name].waits
    return _M.count_of(waits), sum_of(waits)
end

return _M
