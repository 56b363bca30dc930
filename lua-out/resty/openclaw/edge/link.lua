local ____exports = {}
local error = error
local ipairs = ipairs
local tostring = tostring
local math_max = math.max
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_slot = shared_memory.slot
local gauges = require("resty.openclaw.core.metrics.gauges")
local gauges_add = gauges.add
local gauges_of = gauges.of
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local DOWN = 0
--- Attempts in a row without a response, while the link is up.
local FAILED = 1
--- Responses in a row, while it is down.
local ANSWERED = 2
--- When it last went up or down.
local CHANGED = 3
local LAST_FAILURE = 4
--- Written once a second at most while the link is up and no attempt failed.
local LAST_RESPONSE = 5
local NEXT_TRIAL = 6
local NEXT_BACKGROUND_TRIAL = 7
--- Whether all health checks failed when they were last asked.
local CUT = 8
--- When a client's request last got a response; written once a second at most.
local LAST_LIVE_RESPONSE = 9
--- Jobs that got no response while the link is down, since the last trial of a client's request.
local UNANSWERED = 10
local NEXT_LIVE_TRIAL = 11
local SLOTS = 12
--- When a client got a response within so many seconds, jobs without a response tell nothing about the link.
local LIVE_SECONDS = 60
--- After so many jobs without a response, the next trial is a client's.
local MOST_UNANSWERED = 3
--- Responses of a link that is up are noted no more often, so that most of them write nothing.
local SECONDS_BETWEEN_NOTES = 1
--- For how long a worker that is killed while it takes a trial keeps the others from taking one.
local TRIAL_KEY_SECONDS = 1
local links_by_registry = {}
--- A moment in the record.
local function moment(link, slot)
    return link.record[slot]
end
local function reset(link, is_down)
    local record = link.record
    local now = clock_now()
    record[DOWN] = is_down and 1 or 0
    record[FAILED] = 0
    record[ANSWERED] = 0
    record[UNANSWERED] = 0
    record[NEXT_LIVE_TRIAL] = now
    record[CHANGED] = now
    record[NEXT_TRIAL] = now + link.probe_seconds
    record[NEXT_BACKGROUND_TRIAL] = now + link.probe_seconds
end
local function go_down(link, why)
    reset(link, true)
    link.went_down:inc()
    ngx.log(
        ngx.WARN,
        "edge: the link of ",
        link.name,
        " is down: ",
        why
    )
end
local function go_up(link, why)
    reset(link, false)
    link.went_up:inc()
    ngx.log(
        ngx.WARN,
        "edge: the link of ",
        link.name,
        " is up again: ",
        why
    )
end
--- Follows a change of the checks once. After that attempts count, so that wrong checks do not keep a good link down.
local function follow_checks(link, check)
    local record = link.record
    local is_cut = check()
    if is_cut == (record[CUT] == 1) then
        return
    end
    if ngx.worker.exiting() then
        return
    end
    record[CUT] = is_cut and 1 or 0
    local is_down = record[DOWN] == 1
    if is_cut and not is_down then
        go_down(link, "all health checks fail")
    elseif not is_cut and is_down then
        go_up(link, "health checks pass")
    end
end
--- Whether the link is up. Phases: any but init.
local function is_up(link)
    if link.is_cut ~= nil then
        follow_checks(link, link.is_cut)
    end
    return link.record[DOWN] == 0
end
____exports.is_up = is_up
--- Takes the next trial of that kind, if it has been due for `patience` seconds; true for one caller of all workers.
local function take_trial(link, next_trial, patience)
    local record = link.record
    local now = clock_now()
    if now < moment(link, next_trial) + patience then
        return false
    end
    local won, err = link.names:safe_add(link.trial_key, 1, TRIAL_KEY_SECONDS)
    if won ~= true and err == "exists" then
        return false
    end
    local is_due = now >= moment(link, next_trial) + patience
    if is_due then
        record[next_trial] = now + link.probe_seconds
    end
    link.names:delete(link.trial_key)
    return is_due
end
--- Whether an attempt may be made: always while the link is up; while it is down once each `probe_seconds` in all workers. The
-- caller that gets true makes the attempt. Phases: any but init.
local function may_try(link)
    return is_up(link) or take_trial(link, NEXT_TRIAL, 0)
end
____exports.may_try = may_try
--- The same for a client's request. For `patience` seconds trials are left to jobs, as their clients do not wait. But after some jobs
-- without a response a request is let through at once, as these jobs may be the cause. Phases: any but init.
local function may_try_live(link, patience)
    if is_up(link) then
        return true
    end
    if link.record[UNANSWERED] < MOST_UNANSWERED then
        return take_trial(link, NEXT_TRIAL, patience)
    end
    local is_chosen = take_trial(link, NEXT_LIVE_TRIAL, 0)
    if is_chosen then
        link.record[UNANSWERED] = 0
    end
    return is_chosen
end
____exports.may_try_live = may_try_live
--- The same for background updates of the cache. They have trials of their own: otherwise the request that starts an update, which
-- may end without an attempt, would always take the trial. Phases: any but init.
local function may_try_in_background(link)
    return is_up(link) or take_trial(link, NEXT_BACKGROUND_TRIAL, 0)
end
____exports.may_try_in_background = may_try_in_background
--- Notes a response with any status. `at`: when it began; `is_live`: whether a client waits for it. Phases: any but init.
local function answered(link, at, is_live)
    if at == nil then
        at = clock_now()
    end
    if is_live == nil then
        is_live = true
    end
    local record = link.record
    local is_down = record[DOWN] == 1
    if is_live and at - moment(link, LAST_LIVE_RESPONSE) >= SECONDS_BETWEEN_NOTES then
        record[LAST_LIVE_RESPONSE] = at
    end
    local is_noted = at - moment(link, LAST_RESPONSE) < SECONDS_BETWEEN_NOTES
    if not is_down and is_noted and record[FAILED] == 0 then
        return
    end
    if at < moment(link, LAST_FAILURE) or at < moment(link, CHANGED) then
        return
    end
    record[LAST_RESPONSE] = math_max(
        at,
        moment(link, LAST_RESPONSE)
    )
    record[FAILED] = 0
    if not is_down then
        return
    end
    if is_live then
        record[UNANSWERED] = MOST_UNANSWERED
    end
    record[ANSWERED] = record[ANSWERED] + 1
    if record[ANSWERED] >= link.rise then
        go_up(link, "it responds")
    end
end
____exports.answered = answered
--- Notes an attempt without a response. `began`: when it began. Phases: any but init.
local function failed(link, began)
    if began == nil then
        began = clock_now()
    end
    local record = link.record
    if began < moment(link, LAST_RESPONSE) or began < moment(link, CHANGED) then
        return
    end
    record[LAST_FAILURE] = clock_now()
    record[ANSWERED] = 0
    record[UNANSWERED] = 0
    if record[DOWN] == 1 then
        return
    end
    record[FAILED] = record[FAILED] + 1
    if record[FAILED] >= link.fall then
        go_down(
            link,
            tostring(link.fall) .. " attempts got no response"
        )
    end
end
____exports.failed = failed
--- Notes a job that reached the other end and got no response. `began`: when the attempt began; `is_first`: whether this is the
-- first time for the job. True when the job is to blame rather than the link. Phases: any but init.
local function unanswered(link, began, is_first)
    local record = link.record
    if record[DOWN] == 1 then
        record[UNANSWERED] = record[UNANSWERED] + 1
        return false
    end
    if is_first and clock_now() - moment(link, LAST_LIVE_RESPONSE) > LIVE_SECONDS then
        failed(link, began)
    end
    return true
end
____exports.unanswered = unanswered
local function show(registry, links)
    gauges_of(
        registry,
        "openclaw_edge_link_up",
        "1 while the link of a route is up, else 0.",
        {"route"},
        function(sample)
            for ____, link in ipairs(links) do
                sample(
                    is_up(link) and 1 or 0,
                    link.name
                )
            end
        end
    )
end
--- Shows a link, unless one of its name is shown already.
local function publish(registry, link)
    for ____, other in ipairs(links_by_registry[registry] or ({})) do
        if other.name == link.name then
            return
        end
    end
    gauges_add(links_by_registry, registry, link, show)
end
--- The link of that name; it is up when nginx starts. Raises when there is no shared memory left. Phases: init.
-- 
-- @param is_cut whether all health checks fail, if there are any; called often, so it must be fast
local function create(registry, name, settings, is_cut)
    local slot, err = shared_memory_slot(registry.region, "link of " .. name, SLOTS)
    if slot == nil then
        error((("edge: no shared memory for the link of " .. name) .. ": ") .. err, 0)
    end
    local changes = metric_registry_counter(registry, "openclaw_edge_link_changes_total", "How often the link of a route went up or down.", {"route", "state"})
    local link = {
        fall = settings.fall,
        rise = settings.rise,
        probe_seconds = settings.probe_seconds,
        name = name,
        names = registry.region.names,
        record = registry.region.common + slot,
        trial_key = "edge:trial:" .. name,
        went_up = changes:labels(name, "up"),
        went_down = changes:labels(name, "down"),
        is_cut = is_cut
    }
    publish(registry, link)
    return link
end
____exports.new = create
return ____exports
