local ____exports = {}
local pairs = pairs
local tostring = tostring
local math_max = math.max
local math_min = math.min
local semaphore = require("ngx.semaphore")
local semaphore_new = semaphore.new
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call_for = guard.call_for
local guard_protected_call = guard.protected_call
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_yield_now = time_slice.yield_now
local pools = require("resty.openclaw.post_action.after.pool")
local pools_clear = pools.clear
local pools_is_exiting = pools.is_exiting
local pools_is_ready = pools.is_ready
local pools_settle = pools.settle
local pools_take = pools.take
local pools_wake_up = pools.wake_up
local RUN_SECONDS = 60
local RUN_ACTIONS = 1000
--- So many actions are started before requests are served.
local STRETCH_ACTIONS = 16
local MOST_SLEEP_SECONDS = 1
--- A timer beyond `lua_max_running_timers` never runs, and no error is returned.
local START_SECONDS = 1
local WATCH_SECONDS = 5
--- A runner wakes up every second at least, unless it has ended: `ngx.exit` in an action ends the whole timer.
local LOST_SECONDS = 10
--- The light thread of one action.
local function perform(pool, runner, action)
    local ok, first, second = guard_protected_call(
        action.work,
        unpack(action.values, 1, action.values_count)
    )
    local refused = (first == nil or first == false) and second ~= nil
    if not ok then
        pools_settle(
            pool,
            runner,
            action,
            "failed",
            first
        )
    elseif refused then
        pools_settle(
            pool,
            runner,
            action,
            "failed",
            second
        )
    else
        pools_settle(pool, runner, action, "done")
    end
    pools_wake_up(runner)
    pools_wake_up(pool.runner)
end
--- Starts the actions that may run.
local function begin(pool, runner)
    local stretch = 0
    while pools_is_ready(pool) and runner.started < RUN_ACTIONS do
        local action = pools_take(pool, runner)
        local thread = ngx.thread.spawn(perform, pool, runner, action)
        if not action.is_over then
            action.thread = thread
        end
        stretch = stretch + 1
        if stretch % STRETCH_ACTIONS == 0 then
            time_slice_yield_now()
            runner.seen_at = clock_now()
        end
    end
end
local function stop(pool, runner, action, outcome, why)
    local killed = ngx.thread.kill(action.thread)
    if killed ~= nil then
        pools_settle(
            pool,
            runner,
            action,
            outcome,
            why
        )
    end
end
--- Kills the actions whose time is over; returns the seconds until the next one's is.
local function supervise(pool, runner)
    local now = clock_now()
    local most_seconds = pool.settings.action_seconds
    local next_seconds = MOST_SLEEP_SECONDS
    if pools_is_exiting(pool) then
        next_seconds = math_min(next_seconds, pool.drain_until - now)
        if now >= pool.drain_until then
            for action in pairs(runner.actions) do
                stop(
                    pool,
                    runner,
                    action,
                    "dropped",
                    "the worker exits"
                )
            end
            pools_clear(pool, "the worker exits")
        end
    end
    for action in pairs(runner.actions) do
        if now >= action.deadline then
            stop(
                pool,
                runner,
                action,
                "failed",
                ("it took over " .. tostring(most_seconds)) .. " s"
            )
        else
            next_seconds = math_min(next_seconds, action.deadline - now)
        end
    end
    local seconds = math_max(0.001, next_seconds)
    return seconds
end
local function sleep(runner, seconds)
    runner.sleeps = true
    runner.semaphore:wait(seconds)
    runner.sleeps = false
    runner.seen_at = clock_now()
end
local function has_run_enough(runner)
    return runner.started >= RUN_ACTIONS or clock_now() >= runner["until"]
end
--- Creates the timer that calls `run`, unless one is pending.
local function start(pool, run)
    local now = clock_now()
    if pool.starting_since ~= nil and now < pool.starting_since + START_SECONDS then
        return
    end
    local ok, err = ngx.timer.at(0, run, pool)
    if ok then
        pool.starting_since = now
    else
        pool.faults:report("timer", "actions: cannot start: ", err)
    end
end
local function work(pool, runner, run)
    while true do
        if pool.runner == runner and has_run_enough(runner) then
            pool.runner = nil
            if pool.waiting > 0 then
                start(pool, run)
            end
        end
        if pool.runner == runner then
            begin(pool, runner)
        end
        local seconds = supervise(pool, runner)
        local has_duty = pool.runner == runner and pool.waiting > 0
        if runner.running == 0 and not has_duty then
            return
        end
        if pool.runner ~= runner or not pools_is_ready(pool) then
            sleep(runner, seconds)
        end
    end
end
--- Removes a runner that has ended; its actions have failed.
local function remove(pool, runner, why)
    pool.runners[runner] = nil
    if pool.runner == runner then
        pool.runner = nil
    end
    for action in pairs(runner.actions) do
        pools_settle(
            pool,
            runner,
            action,
            "failed",
            why
        )
    end
end
local function run(_premature, pool)
    pool.starting_since = nil
    if pool.runner ~= nil then
        return
    end
    local made, sema_err = semaphore_new()
    if made == nil then
        pool.faults:report("runner", "actions: no semaphore: ", sema_err)
        return
    end
    local now = clock_now()
    local runner = {
        semaphore = made,
        actions = {},
        running = 0,
        started = 0,
        ["until"] = now + RUN_SECONDS,
        seen_at = now,
        sleeps = false
    }
    pool.runner = runner
    pool.runners[runner] = true
    guard_call_for(
        pool.faults,
        "runner",
        "actions",
        work,
        pool,
        runner,
        run
    )
    remove(pool, runner, "its runner failed")
    if pool.waiting > 0 and pool.runner == nil then
        start(pool, run)
    end
end
--- Finds timers that never ran, and those that an action has ended.
local function watch(_premature, pool)
    pools_is_exiting(pool)
    local now = clock_now()
    for runner in pairs(pool.runners) do
        if now > runner.seen_at + LOST_SECONDS then
            remove(pool, runner, "its timer was ended, as ngx.exit does")
        end
    end
    if pool.waiting > 0 and pool.runner == nil then
        start(pool, run)
    end
end
--- Starts the runner of a pool, or wakes it up. Phases: those that may start timers.
local function ensure_running(pool)
    if pool.runner == nil then
        start(pool, run)
    else
        pools_wake_up(pool.runner)
    end
    if not pool.is_watched and not ngx.worker.exiting() then
        local ok, err = ngx.timer.every(WATCH_SECONDS, watch, pool)
        pool.is_watched = ok
        if not ok then
            pool.faults:report("timer", "actions: no watch: ", err)
        end
    end
end
____exports.ensure_running = ensure_running
return ____exports
