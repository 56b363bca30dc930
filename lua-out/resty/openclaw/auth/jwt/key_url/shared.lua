local ____exports = {}
local error = error
local tostring = tostring
local locks = require("resty.openclaw.core.memory.lock")
local locks_new = locks.new
local locks_unlock = locks.unlock
local locks_wait_for_lock = locks.wait_for_lock
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_add = shared_memory.add
local shared_memory_slot = shared_memory.slot
local shared_memory_total = shared_memory.total
local shared_memory_transient_slot = shared_memory.transient_slot
local ____names = require("resty.openclaw.core.memory.shared_memory.names")
local increment = ____names.increment
--- The slots, from the first one on.
local VERSION = 0
local FETCHED_AT = 1
local DUE = 2
local FAILURES = 3
local STARTED_AT = 4
local ASKED_AT = 5
local SLOTS = 6
--- The time-to-live of the lock, which is held for as long as a text is copied.
local LOCK_SECONDS = 5
local WAIT_SECONDS = 1
--- The shared state of a URL: the same for all workers, and after a reload. Raises when there is no memory. Phases: init.
local function create(region, url)
    local id = ngx.md5(url)
    local slot, err = shared_memory_slot(region, "jwks " .. id, SLOTS)
    if slot == nil then
        error("auth: no shared memory: " .. err, 0)
    end
    local running, running_err = shared_memory_transient_slot(region, "jwks running " .. id)
    if running == nil then
        error("auth: no shared memory: " .. running_err, 0)
    end
    return {
        region = region,
        id = id,
        numbers = region.common + slot,
        running = running,
        lock = locks_new(region.names, "jwks lock " .. id, LOCK_SECONDS)
    }
end
____exports.new = create
--- The number of the text; 0 while there is none. Phases: any.
local function version(shared)
    return shared.numbers[VERSION]
end
____exports.version = version
--- When the text was last fetched, whether it had changed or not; 0 if never. Phases: any.
local function fetched_at(shared)
    return shared.numbers[FETCHED_AT]
end
____exports.fetched_at = fetched_at
--- When it is to be fetched again; 0 for at once. Phases: any.
local function due(shared)
    return shared.numbers[DUE]
end
____exports.due = due
--- Sets when it is to be fetched again.
local function set_due(shared, moment)
    shared.numbers[DUE] = moment
end
____exports.set_due = set_due
--- How many fetches in a row have failed. Phases: any.
local function failures(shared)
    return shared.numbers[FAILURES]
end
____exports.failures = failures
--- Why the last fetch has failed; nothing if it has not. Phases: any.
local function trouble(shared)
    return (shared.region.names:get("jwks trouble " .. shared.id))
end
____exports.trouble = trouble
--- Notes a failed fetch; how many in a row that makes.
local function note_failure(shared, why)
    local count = failures(shared) + 1
    shared.numbers[FAILURES] = count
    shared.region.names:safe_set("jwks trouble " .. shared.id, why)
    return count
end
____exports.note_failure = note_failure
--- Notes that a fetch has succeeded.
local function note_success(shared, now)
    if failures(shared) > 0 then
        shared.region.names:delete("jwks trouble " .. shared.id)
    end
    shared.numbers[FAILURES] = 0
    shared.numbers[FETCHED_AT] = now
end
____exports.note_success = note_success
--- When the last fetch started; 0 if none. Phases: any.
local function started_at(shared)
    return shared.numbers[STARTED_AT]
end
____exports.started_at = started_at
--- Whether any worker fetches now. Phases: any.
local function is_running(shared)
    return shared_memory_total(shared.region, shared.running) > 0
end
____exports.is_running = is_running
--- Notes that this worker starts a fetch.
local function note_start(shared, now)
    shared.numbers[STARTED_AT] = now
    shared_memory_add(shared.region, shared.running, 1)
end
____exports.note_start = note_start
--- Notes that a fetch of this worker has ended.
local function note_end(shared)
    shared_memory_add(shared.region, shared.running, -1)
end
____exports.note_end = note_end
--- The number of a fetch that starts: greater than those of fetches before it.
local function next_number(shared)
    local number = increment(shared.region.names, "jwks number " .. shared.id, 1, 0)
    return number or version(shared) + 1
end
____exports.next_number = next_number
--- Whether a fetch because of an unknown key began in the last seconds. Says so without the dict, as it is asked often. Phases: any.
local function was_asked(shared, now, seconds)
    local asked_at = shared.numbers[ASKED_AT]
    return asked_at ~= 0 and now < asked_at + seconds
end
____exports.was_asked = was_asked
--- Whether this worker is the one that may fetch because of an unknown key: one in so many seconds. Where the dict is full, it may be
-- more than one. Phases: any but init.
local function claim(shared, now, seconds)
    local ____shared_0 = shared
    local numbers = ____shared_0.numbers
    local region = ____shared_0.region
    if region.shared then
        local ____, err = region.names:safe_add("jwks asked " .. shared.id, 1, seconds)
        if err == "exists" then
            return false
        end
    end
    numbers[ASKED_AT] = now
    return true
end
____exports.claim = claim
local function key(shared, number)
    return (("jwks " .. shared.id) .. " ") .. tostring(number)
end
--- The text with that number; nothing if it was replaced. Phases: any.
local function text(shared, number)
    return (shared.region.names:get(key(shared, number)))
end
____exports.text = text
--- Stores a text under a number; the text of before stays if there is no room. Returns the error, if any.
local function replace(shared, number, new_text)
    local ____shared_region_1 = shared.region
    local names = ____shared_region_1.names
    local before = version(shared)
    local stored, err = names:safe_set(
        key(shared, number),
        new_text
    )
    if stored ~= true then
        return err
    end
    shared.numbers[VERSION] = number
    names:delete(key(shared, before))
    return nil
end
--- Stores what a fetch with that number has found, unless a later fetch has found something meanwhile. The number of the text that all
-- workers are to use now. On failure nil and why: then there is no room for it. Phases: timers.
local function store(shared, number, new_text)
    local is_held = locks_wait_for_lock(shared.lock, WAIT_SECONDS)
    local before = version(shared)
    local err
    if number > before and text(shared, before) ~= new_text then
        err = replace(shared, number, new_text)
    end
    if is_held then
        locks_unlock(shared.lock)
    end
    if err ~= nil then
        return nil, "the lua_shared_dict has no room for it: " .. err
    end
    return version(shared)
end
____exports.store = store
return ____exports
