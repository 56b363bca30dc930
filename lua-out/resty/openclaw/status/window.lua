local ____exports = {}
local ipairs = ipairs
local pcall = pcall
local math_max = math.max
local ffi = require("ffi")
local ffi_new = ffi.new
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_total = shared_memory.total
local series_list = require("resty.openclaw.core.metrics.metric_registry.series_list")
local series_list_slot = series_list.slot
local histories = require("resty.openclaw.status.history")
local histories_POINTS = histories.POINTS
local histories_WINDOW_STEPS = histories.WINDOW_STEPS
local histories_before = histories.before
local histories_find = histories.find
local histories_read_now = histories.read_now
local histories_sample_at = histories.sample_at
local histories_time_of = histories.time_of
local series_of = require("resty.openclaw.status.series")
local series_of_family = series_of.family
local series_of_is_current = series_of.is_current
local series_of_labels_at = series_of.labels_at
local series_of_labels_of = series_of.labels_of
--- Rates over less time would mean little.
local LEAST_SECONDS = 1
--- Looks back a minute, or as far as there are samples. Phases: any.
-- 
-- @param yield_if_due called after each series by those who read through the window
local function look_back(history, now, yield_if_due)
    local step = math_max(1, history.step - histories_WINDOW_STEPS)
    local oldest = histories_sample_at(history, step)
    local seconds = history.step == 0 and 0 or now - histories_time_of(history, step)
    return {history = history, oldest = oldest, seconds = seconds < LEAST_SECONDS and 0 or seconds, yield_if_due = yield_if_due}
end
____exports.look_back = look_back
--- How much a total has grown. One that is less than before has started again at 0.
local function growth(from, to)
    return to < from and to or to - from
end
--- How much a number of a series has grown within the window.
local function grown(window, track, place, to)
    return window.seconds == 0 and 0 or growth(
        histories_before(track, window.oldest, place),
        to
    )
end
--- More than any histogram has buckets.
local present = ffi_new("double[?]", 64)
--- Whether anybody counts under this name, or means to. Phases: any.
local function exists(window, name)
    local ____window_history_0 = window.history
    local index = ____window_history_0.index
    local registry = ____window_history_0.registry
    return registry.families[name] ~= nil or series_of_family(index, name) ~= nil
end
____exports.exists = exists
--- Visits the series of a family of this kind that are still there.
local function each_series(window, name, kind, look)
    local ____window_history_1 = window.history
    local index = ____window_history_1.index
    local tracks = ____window_history_1.tracks
    local family = series_of_family(index, name)
    if family == nil or family.kind ~= kind then
        return
    end
    local its_tracks = tracks[name]
    local list = family.series
    for place = 0, list.count - 1 do
        if series_of_is_current(index, family, place) then
            local track = histories_find(its_tracks, list, place)
            look({
                family = family,
                place = place,
                slot = series_list_slot(list, place),
                track = track
            })
            window.yield_if_due()
        end
    end
end
--- Visits the series of counters: their labels, their totals, and how much of these came within the window.
local function each(window, name, visit)
    each_series(
        window,
        name,
        "counter",
        function(one)
            local total = shared_memory_total(window.history.registry.region, one.slot)
            visit(
                series_of_labels_at(one.family, one.place),
                total,
                grown(window, one.track, 0, total)
            )
        end
    )
end
____exports.each = each
--- Visits the figures of a family that are computed when they are read: their labels and values. Phases: any.
local function collected(window, name, visit)
    for ____, collector in ipairs(window.history.registry.collectors) do
        if collector.name == name then
            pcall(
                collector.collect,
                function(labels, value)
                    visit(
                        series_of_labels_of(labels),
                        value
                    )
                end
            )
        end
    end
end
____exports.collected = collected
--- Visits the series of histograms: their labels, what came into each bucket within the window, and the bounds.
local function each_histogram(window, name, visit)
    local ____window_history_2 = window.history
    local registry = ____window_history_2.registry
    local tracks = ____window_history_2.tracks
    each_series(
        window,
        name,
        "histogram",
        function(____bindingPattern0)
            local track
            local slot
            local place
            local family
            family = ____bindingPattern0.family
            place = ____bindingPattern0.place
            slot = ____bindingPattern0.slot
            track = ____bindingPattern0.track
            histories_read_now(
                registry.region,
                tracks[name].plan,
                family,
                slot,
                present,
                0
            )
            local counts = {}
            for bucket = 0, #family.bounds do
                counts[bucket + 1] = grown(window, track, bucket, present[bucket])
            end
            visit(
                series_of_labels_at(family, place),
                counts,
                family.bounds
            )
        end
    )
end
____exports.each_histogram = each_histogram
--- The mean of what was counted from one sample to the next, for each step of the chart; nothing where there was none.
local function points_of(history, track)
    local points = {}
    for place = 1, histories_POINTS do
        local step = history.step - histories_POINTS + place
        if step > 1 then
            local from = histories_sample_at(history, step - 1)
            local to = histories_sample_at(history, step)
            local count = growth(
                histories_before(track, from, 0),
                histories_before(track, to, 0)
            )
            local sum = growth(
                histories_before(track, from, 1),
                histories_before(track, to, 1)
            )
            if count > 0 then
                points[place] = sum / count
            end
        end
    end
    return points
end
--- Visits the series of histograms that are charted: their labels, the mean within the window, the points by their place.
local function each_chart(window, name, visit)
    local ____window_history_3 = window.history
    local registry = ____window_history_3.registry
    local tracks = ____window_history_3.tracks
    each_series(
        window,
        name,
        "histogram",
        function(____bindingPattern0)
            local track
            local slot
            local place
            local family
            family = ____bindingPattern0.family
            place = ____bindingPattern0.place
            slot = ____bindingPattern0.slot
            track = ____bindingPattern0.track
            histories_read_now(
                registry.region,
                tracks[name].plan,
                family,
                slot,
                present,
                0
            )
            local count = grown(window, track, 0, present[0])
            local mean = count > 0 and grown(window, track, 1, present[1]) / count or nil
            visit(
                series_of_labels_at(family, place),
                mean,
                points_of(window.history, track)
            )
        end
    )
end
____exports.each_chart = each_chart
return ____exports
