local ____exports = {}
local tostring = tostring
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local figures_of = require("resty.openclaw.post_action.after.figures")
local figures_of_count = figures_of.count
local figures_of_show = figures_of.show
--- An empty pool. Phases: any.
local function create(settings, figures, faults)
    return {
        settings = settings,
        figures = figures,
        faults = faults,
        size = settings.max_waiting + settings.max_running,
        ring = {},
        head = 0,
        waiting = 0,
        running = 0,
        bytes = 0,
        runner = nil,
        runners = {},
        starting_since = nil,
        is_watched = false,
        drain_until = nil
    }
end
____exports.new = create
local function show(pool)
    figures_of_show(pool.figures, pool.waiting, pool.running)
end
--- Whether the worker exits. The first call that finds so sets the time until which actions may run. Phases: any.
local function is_exiting(pool)
    if not ngx.worker.exiting() then
        return false
    end
    pool.drain_until = pool.drain_until or clock_now() + pool.settings.drain_seconds
    return true
end
____exports.is_exiting = is_exiting
--- Queues an action; nil and why when there is no room. Phases: any.
local function offer(pool, action)
    if pool.waiting + pool.running >= pool.size then
        return nil, "too many actions wait"
    end
    if pool.bytes + action.bytes > pool.settings.max_bytes then
        return nil, "waiting actions hold too much"
    end
    pool.ring[(pool.head + pool.waiting) % pool.size] = action
    pool.waiting = pool.waiting + 1
    pool.bytes = pool.bytes + action.bytes
    if is_exiting(pool) then
        pool.drain_until = clock_now() + pool.settings.drain_seconds
    end
    show(pool)
    return true
end
____exports.offer = offer
--- Whether a queued action may run. Phases: any.
local function is_ready(pool)
    return pool.waiting > 0 and pool.running < pool.settings.max_running
end
____exports.is_ready = is_ready
local function take_oldest(pool)
    local action = pool.ring[pool.head]
    pool.ring[pool.head] = nil
    pool.head = (pool.head + 1) % pool.size
    pool.waiting = pool.waiting - 1
    return action
end
--- Gives the oldest queued action to a runner; there must be one. Phases: any.
local function take(pool, runner)
    local action = take_oldest(pool)
    action.deadline = clock_now() + pool.settings.action_seconds
    pool.running = pool.running + 1
    runner.actions[action] = true
    runner.running = runner.running + 1
    runner.started = runner.started + 1
    show(pool)
    return action
end
____exports.take = take
--- The name of an action in the log: its target, or where its function is defined.
local function name_of(action)
    if action.target ~= nil then
        return action.target
    end
    local place = debug.getinfo(action.work, "S")
    return (tostring(place.short_src) .. ":") .. tostring(place.linedefined)
end
--- Reports that an action failed or was dropped.
local function report(pool, kind, action, why)
    pool.faults:report(
        kind,
        "action ",
        name_of(action),
        ": ",
        tostring(why)
    )
end
--- Removes an action that has ended, and counts its outcome; does nothing the second time. Phases: any.
local function settle(pool, runner, action, outcome, why)
    if action.is_over then
        return
    end
    action.is_over = true
    pool.running = pool.running - 1
    pool.bytes = pool.bytes - action.bytes
    runner.actions[action] = nil
    runner.running = runner.running - 1
    show(pool)
    figures_of_count(pool.figures, outcome)
    if outcome == "failed" then
        report(pool, "action", action, why)
    end
    if outcome == "dropped" then
        report(pool, "action_exit", action, why)
    end
end
____exports.settle = settle
--- Drops all queued actions. Phases: any.
local function clear(pool, why)
    local dropped = pool.waiting
    if dropped == 0 then
        return
    end
    while pool.waiting > 0 do
        pool.bytes = pool.bytes - take_oldest(pool).bytes
    end
    show(pool)
    figures_of_count(pool.figures, "dropped", dropped)
    pool.faults:report("action_exit", dropped, " actions dropped: ", why)
end
____exports.clear = clear
--- Wakes a runner up. Phases: any.
local function wake_up(runner)
    if runner == nil or not runner.sleeps then
        return
    end
    runner.sleeps = false
    runner.semaphore:post(1)
end
____exports.wake_up = wake_up
return ____exports
