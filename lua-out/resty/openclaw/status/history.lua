local ____exports = {}
local error = error
local ipairs = ipairs
local pairs = pairs
local pcall = pcall
local ffi = require("ffi")
local ffi_new = ffi.new
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_total = shared_memory.total
local series_list = require("resty.openclaw.core.metrics.metric_registry.series_list")
local series_list_generation = series_list.generation
local series_list_slot = series_list.slot
local activities = require("resty.openclaw.status.activity")
local activities_look = activities.look
local activities_none = activities.none
local series_of = require("resty.openclaw.status.series")
local series_of_family = series_of.family
local series_of_is_current = series_of.is_current
local series_of_of = series_of.of
local series_of_refresh = series_of.refresh
--- Seconds from one sample to the next.
local STEP_SECONDS = 5
____exports.STEP_SECONDS = STEP_SECONDS
--- Steps from the oldest sample of the window to the newest: a minute.
local WINDOW_STEPS = 12
____exports.WINDOW_STEPS = WINDOW_STEPS
--- Points of a chart: five minutes.
local POINTS = 60
____exports.POINTS = POINTS
--- One more than a page reads, so that it can go on with its oldest sample while the next one is taken.
local WINDOW_DEPTH = WINDOW_STEPS + 2
local CHART_DEPTH = POINTS + 2
local PLANS = {
    {name = "openclaw_requests_total"},
    {name = "openclaw_request_duration_seconds"},
    {name = "openclaw_request_first_byte_seconds"},
    {name = "openclaw_cache_requests_total"},
    {name = "openclaw_inference_prompt_tokens_total"},
    {name = "openclaw_inference_completion_tokens_total"},
    {name = "openclaw_inference_first_token_seconds"},
    {name = "openclaw_inference_tokens_per_second"},
    {name = "openclaw_upstream_tries_total"},
    {name = "openclaw_upstream_answers_total"},
    {name = "openclaw_upstream_try_duration_seconds", is_charted = true},
    {name = "openclaw_queue_requests_total"},
    {name = "openclaw_queue_wait_seconds"},
    {name = "openclaw_image_jobs_total"}
}
--- How many numbers a sample of such a series has: the buckets, or what is made of them; else the one total.
local function width_of(plan, family)
    if family.kind ~= "histogram" then
        return 1
    end
    return plan.is_charted == true and 2 or #family.bounds + 1
end
--- Reads what a series has counted so far: a sample of it. Phases: any.
local function read_now(region, plan, family, slot, into, at)
    if family.kind ~= "histogram" then
        into[at] = shared_memory_total(region, slot)
        return
    end
    local last = #family.bounds
    if plan.is_charted ~= true then
        for bucket = 0, last do
            into[at + bucket] = shared_memory_total(region, slot + bucket)
        end
        return
    end
    local count = 0
    for bucket = 0, last do
        count = count + shared_memory_total(region, slot + bucket)
    end
    into[at] = count
    into[at + 1] = shared_memory_total(region, slot + last + 1)
end
____exports.read_now = read_now
local function new_track(plan, family, generation, number)
    local width = width_of(plan, family)
    local depth = plan.is_charted == true and CHART_DEPTH or WINDOW_DEPTH
    local samples = ffi_new("double[?]", width * depth)
    return {
        generation = generation,
        width = width,
        depth = depth,
        samples = samples,
        last = number
    }
end
--- The track of a series; nothing for one that is newer than the last sample. Phases: any.
local function find(tracks, list, place)
    local track = tracks and tracks.by_slot[series_list_slot(list, place)]
    return (track and track.generation) == series_list_generation(list, place) and track or nil
end
____exports.find = find
--- Takes a sample of each series of a family, and forgets the series that are gone.
local function sample_family(region, index, tracks, family, number, yield_if_due)
    local plan = tracks.plan
    local list = family.series
    for place = 0, list.count - 1 do
        do
            if not series_of_is_current(index, family, place) then
                goto __continue12
            end
            local slot = series_list_slot(list, place)
            local track = find(tracks, list, place)
            if track == nil then
                track = new_track(
                    plan,
                    family,
                    series_list_generation(list, place),
                    number
                )
                tracks.by_slot[slot] = track
            end
            track.last = number
            read_now(
                region,
                plan,
                family,
                slot,
                track.samples,
                number % track.depth * track.width
            )
            yield_if_due()
        end
        ::__continue12::
    end
    for slot, track in pairs(tracks.by_slot) do
        if track.last ~= number then
            tracks.by_slot[slot] = nil
        end
        yield_if_due()
    end
end
--- Notes that the newest sample holds for one more step.
local function note_step(history, now)
    local step = history.step + 1
    history.times[step % CHART_DEPTH] = now
    history.sample_at[step % CHART_DEPTH] = history.newest
    history.step = step
end
--- When a step was. Phases: any.
local function time_of(history, step)
    return history.times[step % CHART_DEPTH]
end
____exports.time_of = time_of
--- The number of the sample that holds for a step. Phases: any.
local function sample_at(history, step)
    return history.sample_at[step % CHART_DEPTH]
end
____exports.sample_at = sample_at
--- Takes a sample of everything. Calls `yield_if_due` after each series: see `time_slice.paced`. Phases: any in which that may be
-- called; not while another sample is being taken.
local function sample(history, now, yield_if_due)
    local number = history.newest + 1
    series_of_refresh(history.index, yield_if_due)
    for name, tracks in pairs(history.tracks) do
        local family = series_of_family(history.index, name)
        local meaning = family == nil and "" or (family.kind .. " ") .. family.bounds_text
        if meaning ~= tracks.meaning then
            tracks.meaning = meaning
            tracks.by_slot = {}
        end
        if family ~= nil then
            sample_family(
                history.registry.region,
                history.index,
                tracks,
                family,
                number,
                yield_if_due
            )
            yield_if_due()
        end
    end
    history.newest = number
    note_step(history, now)
end
____exports.sample = sample
local function sample_or_not(history, now, yield_if_due)
    if activities_look(history.activity) or history.newest == 0 then
        sample(history, now, yield_if_due)
    else
        note_step(history, now)
    end
end
--- Takes a sample where there have been requests, unless the one before is still being taken. Phases: timers.
local function tick(history, now, yield_if_due)
    if history.is_sampling then
        return
    end
    history.is_sampling = true
    local ok, err = pcall(sample_or_not, history, now, yield_if_due)
    history.is_sampling = false
    if not ok then
        error(err, 0)
    end
end
____exports.tick = tick
--- What a number of a series was in a sample; 0 before it existed. Phases: any.
local function before(track, number, place)
    if track == nil then
        return 0
    end
    return track.samples[number % track.depth * track.width + place]
end
____exports.before = before
--- The history of a registry, without any sample. Phases: any.
local function create(registry)
    local tracks = {}
    for ____, plan in ipairs(PLANS) do
        tracks[plan.name] = {plan = plan, meaning = "", by_slot = {}}
    end
    return {
        registry = registry,
        index = series_of_of(registry),
        tracks = tracks,
        times = ffi_new("double[?]", CHART_DEPTH),
        sample_at = ffi_new("double[?]", CHART_DEPTH),
        step = 0,
        newest = 0,
        activity = activities_none(),
        is_sampling = false
    }
end
____exports.new = create
return ____exports
