local ____exports = {}
local clock = require("resty.openclaw.core.time.clock")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local DOWN = 0
--- Attempts in a row that got no answer, while the link is up.
local FAILED = 1
--- Answers in a row, while it is down.
local ANSWERED = 2
--- When it last went up or down.
local CHANGED = 3
local LAST_FAILURE = 4
--- At most a second old while all is well.
local LAST_ANSWER = 5
local NEXT_TRIAL = 6
local NEXT_BACKGROUND_TRIAL = 7
--- What health checks said last.
local CUT = 8
--- When a client's request was last answered; at most a second old while all is well.
local LAST_LIVE = 9
--- Jobs that got no answer while the link is down, since a client's request was tried in vain.
local SILENT = 10
local NEXT_LIVE_TRIAL = 11
local SLOTS = 12
--- While clients have been answered within so many seconds, jobs that get no answer say nothing of the link.
local LIVE_SECONDS = 60
--- After so many jobs without an answer, the next trial is a client's.
local SILENT_TRIALS = 3
--- Answers of a link that is up are noted so often, so that most of them write nothing.
local SECONDS_BETWEEN_NOTES = 1
--- How long a worker that dies in the middle of a choice keeps the others from it.
local CHOICE_SECONDS = 1
local links_by_registry = {}
local function begin_anew(link, is_down)
    local record = link.record
    local now = clock.now()
    record[DOWN] = is_down and 1 or 0
    record[FAILED] = 0
    record[ANSWERED] = 0
    record[SILENT] = 0
    record[NEXT_LIVE_TRIAL] = now
    record[CHANGED] = now
    record[NEXT_TRIAL] = now + link.probe_seconds
    record[NEXT_BACKGROUND_TRIAL] = now + link.probe_seconds
end
local function go_down(link, why)
    begin_anew(link, true)
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
    begin_anew(link, false)
    link.went_up:inc()
    ngx.log(
        ngx.WARN,
        "edge: the link of ",
        link.name,
        " is up again: ",
        why
    )
end
--- What checks say is news only once: after that it is attempts that count, lest wrong checks keep a good link down.
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
        go_down(link, "health checks find nobody there")
    elseif not is_cut and is_down then
        go_up(link, "health checks pass")
    end
end
--- Whether the link is up. Phases: any but init.
function ____exports.is_up(link)
    if link.is_cut ~= nil then
        follow_checks(link, link.is_cut)
    end
    return link.record[DOWN] == 0
end
--- Whether the next trial of that kind has been due for so many seconds; true for one caller of all workers.
local function take_turn(link, next_trial, patience)
    local record = link.record
    local now = clock.now()
    if now < record[next_trial] + patience then
        return false
    end
    local won, err = link.names:safe_add(link.trial, 1, CHOICE_SECONDS)
    if won ~= true and err == "exists" then
        return false
    end
    local is_due = now >= record[next_trial] + patience
    if is_due then
        record[next_trial] = now + link.probe_seconds
    end
    link.names:delete(link.trial)
    return is_due
end
--- Whether an attempt makes sense: always while the link is up; while it is down for one caller each `probe_seconds`, of
-- those in all workers, which counts as the attempt. Phases: any but init.
function ____exports.may_try(link)
    return ____exports.is_up(link) or take_turn(link, NEXT_TRIAL, 0)
end
--- The same for a client's request. Trials are left to jobs, whose clients wait for nothing, for so many seconds of
-- `patience`; but after some jobs that got no answer it is a request's turn at once, as these jobs may be to blame.
-- Phases: any but init.
function ____exports.may_try_live(link, patience)
    if ____exports.is_up(link) then
        return true
    end
    if link.record[SILENT] < SILENT_TRIALS then
        return take_turn(link, NEXT_TRIAL, patience)
    end
    local is_chosen = take_turn(link, NEXT_LIVE_TRIAL, 0)
    if is_chosen then
        link.record[SILENT] = 0
    end
    return is_chosen
end
--- The same for what nginx does in the background of another attempt. It has turns of its own: the other one, which may end
-- without a try of the link, would else always come first. Phases: any but init.
function ____exports.may_try_in_background(link)
    return ____exports.is_up(link) or take_turn(link, NEXT_BACKGROUND_TRIAL, 0)
end
--- Notes an answer, of whatever status. `at`: when it began, on the scale of `clock`; `is_live`: whether a client waits for
-- it. Phases: any but init.
function ____exports.answered(link, at, is_live)
    if at == nil then
        at = clock.now()
    end
    if is_live == nil then
        is_live = true
    end
    local record = link.record
    local is_down = record[DOWN] == 1
    if is_live and at - record[LAST_LIVE] >= SECONDS_BETWEEN_NOTES then
        record[LAST_LIVE] = at
    end
    local is_noted = at - record[LAST_ANSWER] < SECONDS_BETWEEN_NOTES
    if not is_down and is_noted and record[FAILED] == 0 then
        return
    end
    if at < record[LAST_FAILURE] or at < record[CHANGED] then
        return
    end
    record[LAST_ANSWER] = math.max(at, record[LAST_ANSWER])
    record[FAILED] = 0
    if not is_down then
        return
    end
    if is_live then
        record[SILENT] = SILENT_TRIALS
    end
    record[ANSWERED] = record[ANSWERED] + 1
    if record[ANSWERED] >= link.rise then
        go_up(link, "it answers")
    end
end
--- Notes an attempt that got no answer. `began`: when it began, on the scale of `clock`. Phases: any but init.
function ____exports.failed(link, began)
    if began == nil then
        began = clock.now()
    end
    local record = link.record
    if began < record[LAST_ANSWER] or began < record[CHANGED] then
        return
    end
    record[LAST_FAILURE] = clock.now()
    record[ANSWERED] = 0
    record[SILENT] = 0
    if record[DOWN] == 1 then
        return
    end
    record[FAILED] = record[FAILED] + 1
    if record[FAILED] >= link.fall then
        go_down(
            link,
            tostring(link.fall) .. " attempts got no answer"
        )
    end
end
--- Notes a job that reached the other end and got no answer. `began`: as of `failed`; `is_first`: whether that is new of this
-- job. True where the job is to blame rather than the link: then it counts as one of the job's tries. Phases: any but init.
function ____exports.silent(link, began, is_first)
    local record = link.record
    if record[DOWN] == 1 then
        record[SILENT] = record[SILENT] + 1
        return false
    end
    if is_first and clock.now() - record[LAST_LIVE] > LIVE_SECONDS then
        ____exports.failed(link, began)
    end
    return true
end
local function show(registry, link)
    local known = links_by_registry[registry]
    if known ~= nil then
        for ____, other in ipairs(known) do
            if other.name == link.name then
                return
            end
        end
        known[#known + 1] = link
        return
    end
    local links = {link}
    links_by_registry[registry] = links
    metric_registry.collect(
        registry,
        {
            name = "openclaw_edge_link_up",
            kind = "gauge",
            help = "1 while somebody answers at the other end of a route's link, else 0.",
            collect = function(emit)
                for ____, one in ipairs(links) do
                    emit(
                        metric_registry.label_text({"route"}, {one.name}),
                        ____exports.is_up(one) and 1 or 0
                    )
                end
            end
        }
    )
end
--- The link of that name; up when nginx starts. Raises when there is no shared memory left. Phases: init.
-- 
-- @param is_cut what health checks say, where there are any: asked often, so it must cost next to nothing
local function create(registry, name, settings, is_cut)
    local slot, err = shared_memory.slot(registry.region, "link of " .. name, SLOTS)
    if slot == nil then
        error((("edge: no shared memory for the link of " .. name) .. ": ") .. err, 0)
    end
    local changes = metric_registry.counter(registry, "openclaw_edge_link_changes_total", "How often a route's link went up or down.", {"route", "state"})
    local link = {
        fall = settings.fall,
        rise = settings.rise,
        probe_seconds = settings.probe_seconds,
        name = name,
        names = registry.region.names,
        record = registry.region.common + slot,
        trial = "edge:trial:" .. name,
        went_up = changes:labels(name, "up"),
        went_down = changes:labels(name, "down"),
        is_cut = is_cut
    }
    show(registry, link)
    return link
end
____exports.new = create
return ____exports
