local ____exports = {}
local math_max = math.max
local math_min = math.min
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call_for = guard.call_for
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
--- The thread is replaced after so many looks, as its memory is freed only when it ends.
local LOOKS_OF_A_THREAD = 1000
--- The thread has ended without a word if it has not looked for so long: nginx has had no connection or timer left for it.
local LOST_SECONDS = 0.5
--- It rests for so many times as long as the last look took, so that requests have most of the worker's time however many wait.
local REST = 3
local LONGEST_REST_SECONDS = 0.25
--- How long the thread rests after a look that began then, in seconds.
local function rest_after(lookout)
    ngx.update_time()
    local took = clock_now() - lookout.looked_at
    return (math_max(
        lookout.seconds,
        math_min(LONGEST_REST_SECONDS, REST * took)
    ))
end
--- A lookout that rests. `of`: what the subjects of its faults are. Phases: any, usually where a module is loaded.
local function create(of, seconds, look)
    return {
        of = of,
        seconds = seconds,
        look = look,
        is_looking = false,
        looked_at = clock_now()
    }
end
____exports.new = create
local function start(work, lookout, faults, subject)
    local ok, err = ngx.timer.at(
        0,
        work,
        lookout,
        faults,
        subject
    )
    lookout.is_looking = ok ~= nil and ok ~= false
    lookout.looked_at = clock_now()
    if not lookout.is_looking then
        faults:report(
            "timer",
            lookout.of,
            " \"",
            subject,
            "\": ",
            err
        )
    end
end
--- Looks again and again, as long as anybody waits.
local function look_on(_premature, lookout, faults, subject)
    local rest = lookout.seconds
    for _ = 1, LOOKS_OF_A_THREAD do
        ngx.sleep(rest)
        lookout.looked_at = clock_now()
        local ok, goes_on = guard_call_for(
            faults,
            "look",
            subject,
            lookout.look,
            lookout.looked_at
        )
        if ok and goes_on == false then
            lookout.is_looking = false
            return
        end
        rest = rest_after(lookout)
    end
    start(look_on, lookout, faults, subject)
end
--- Begins to look, unless a thread does already; one that was lost is replaced. To be called when somebody begins to wait, and now and then
-- as long as anybody does. `subject`: for whom it looks, for faults. Phases: access, timer.
local function keep(lookout, now, faults, subject)
    local is_lost = lookout.is_looking and now - lookout.looked_at > LOST_SECONDS
    if is_lost then
        faults:report(
            "timer",
            lookout.of,
            " \"",
            subject,
            "\": the thread that looks for them was lost"
        )
    end
    if is_lost or not lookout.is_looking then
        start(look_on, lookout, faults, subject)
    end
end
____exports.keep = keep
return ____exports
