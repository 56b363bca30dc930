local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local request = require("resty.openclaw.core.request.request")
local request_key = request.key
local request_started = request.started
local table_clear = require("table.clear")
local states = {}
--- Whether `open` has just made the state that it returned.
local is_new = false
--- Tables to be used again: where a request has ended none is made for the next.
local idle = {}
local idle_count = 0
--- More than these are left to the garbage collector.
local MOST_IDLE = 256
local losses = {}
local ends = {}
--- Has a function called with the state of each request that ended without a log phase of ours, once another request takes its
-- place. It must not raise. Phases: any, usually where a module is loaded.
local function when_lost(work)
    losses[#losses + 1] = work
end
____exports.when_lost = when_lost
--- Has a function called with the state of each request that is `is_unfinished` when it is forgotten. It must not raise. Phases: any, usually
-- where a module is loaded.
local function when_forgotten(work)
    ends[#ends + 1] = work
end
____exports.when_forgotten = when_forgotten
--- Has the modules do what they have yet to do.
local function finish(state)
    for ____, work in ipairs(ends) do
        work(state)
    end
end
--- Whether a module has left anything in it.
local function is_in_use(state)
    for field in pairs(state) do
        if field ~= "began" then
            return true
        end
    end
    return false
end
--- Has the modules release what a request holds that ended without a log phase of ours.
local function lose(state)
    if is_in_use(state) then
        for ____, work in ipairs(losses) do
            work(state)
        end
    end
end
--- Makes the state of a lost request that of the present one.
local function take_over(state, began)
    lose(state)
    table_clear(state)
    state.began = began
end
--- The state of the request at hand; nothing where no module has opened it. Phases: all with a request.
local function present()
    local state = states[request_key()]
    if state == nil or state.began ~= request_started() then
        return nil
    end
    return state
end
____exports.present = present
local function make(began)
    if idle_count == 0 then
        return {began = began}
    end
    local state = idle[idle_count]
    idle_count = idle_count - 1
    state.began = began
    return state
end
--- The same, made where there is none. Phases: all with a request.
local function open()
    local key = request_key()
    local began = request_started()
    local known = states[key]
    is_new = known == nil
    if known ~= nil then
        if known.began ~= began then
            take_over(known, began)
        end
        return known
    end
    local state = make(began)
    states[key] = state
    return state
end
____exports.open = open
--- The same, at the beginning of a request's access phase: a state that is there already is one that an earlier request has left,
-- which may have begun in the same millisecond. It is the request's own only after an internal redirect, or if a module has
-- opened it in the rewrite phase (`is_early`). Phases: access.
local function enter()
    local state = open()
    if is_new or state.is_early == true or ngx.req.is_internal() then
        return state
    end
    take_over(state, state.began)
    return state
end
____exports.enter = enter
--- Forgets the request at hand. The gateway does so after its last plugin. Where plugins stand alone each takes its own fields
-- back, as none of them knows which one is the last; the empty table serves the next request at the same place. Phases: log.
local function forget()
    local key = request_key()
    local state = states[key]
    if state == nil then
        return
    end
    states[key] = nil
    if state.began ~= request_started() then
        lose(state)
    elseif state.is_unfinished == true then
        finish(state)
    end
    if idle_count == MOST_IDLE then
        return
    end
    table_clear(state)
    idle[idle_count + 1] = state
    idle_count = idle_count + 1
end
____exports.forget = forget
return ____exports
