local ____exports = {}
local windows = require("resty.openclaw.status.window")
local windows_each = windows.each
local windows_each_histogram = windows.each_histogram
local windows_exists = windows.exists
local REQUESTS = "openclaw_queue_requests_total"
local WAIT = "openclaw_queue_wait_seconds"
--- By the label `result`. Who left without an answer is neither.
local ADMITTED = {at_once = true, waited = true}
local REFUSED = {full = true, timeout = true, deadline = true}
--- The figures of a class, empty where there are none. Phases: any.
local function of(window, rooms, upstream, its_class)
    local key = (upstream .. "\0") .. its_class
    local known = rooms[key]
    if known ~= nil then
        return known
    end
    local zero = windows_exists(window, REQUESTS) and 0 or nil
    local made = {admitted = zero, refused = zero, waits = {}, bounds = {}}
    rooms[key] = made
    return made
end
____exports.of = of
--- All classes that somebody counts. Phases: those in which the window may yield.
local function gather(window)
    local rooms = {}
    local function class_of(labels)
        return of(window, rooms, labels.upstream or "", labels.class or "")
    end
    windows_each(
        window,
        REQUESTS,
        function(labels, _, recent)
            local result = labels.result or ""
            local figures = class_of(labels)
            if ADMITTED[result] ~= nil then
                figures.admitted = (figures.admitted or 0) + recent
            end
            if REFUSED[result] ~= nil then
                figures.refused = (figures.refused or 0) + recent
            end
        end
    )
    windows_each_histogram(
        window,
        WAIT,
        function(labels, counts, bounds)
            local figures = class_of(labels)
            figures.waits = counts
            figures.bounds = bounds
        end
    )
    return rooms
end
____exports.gather = gather
return ____exports
