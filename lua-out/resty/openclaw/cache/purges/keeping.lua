local ____exports = {}
local string_match = string.match
local random = require("resty.openclaw.core.bytes.random")
local random_bits = random.bits
local file_state = require("resty.openclaw.core.files.file_state")
local file_state_of = file_state.of
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call = guard.call
local thread_pools = require("resty.openclaw.core.process.thread_pool")
local thread_pools_has_room = thread_pools.has_room
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local knowledge = require("resty.openclaw.cache.purges.knowledge")
local knowledge_load = knowledge.load
local knowledge_lose = knowledge.lose
local lists = require("resty.openclaw.cache.purges.list")
local lists_MOST_FILE_BYTES = lists.MOST_FILE_BYTES
local lists_fresh = lists.fresh
local purge_file = require("resty.openclaw.cache.purges.purge_file")
local purge_file_BUSY = purge_file.BUSY
local purge_file_add = purge_file.add
local purge_file_adopt = purge_file.adopt
local purge_file_begin = purge_file.begin
local purge_file_folder_of = purge_file.folder_of
local FILE_MODULE = "resty.openclaw.cache.purges.purge_file"
--- No stamp.
local UNSEEN = -1
--- How long a purge waits for others, and how often it looks.
local WAIT_SECONDS = 10
local TRY_SECONDS = 0.01
--- 2^20: stamps have 52 bits.
local HIGH = 1048576
--- A number that there has not been yet.
local function new_stamp()
    return random_bits() * HIGH + random_bits() % HIGH + 1
end
--- Calls a function of the file, in a thread if there is one.
local function call_once(purges, name, text)
    local ____purges_0 = purges
    local path = ____purges_0.path
    local thread_pool = ____purges_0.thread_pool
    local known_epoch = ____purges_0.known_epoch
    local known_last = ____purges_0.known_last
    local at = ngx.time()
    if ngx.run_worker_thread ~= nil and thread_pools_has_room(thread_pool) then
        local called, answer = ngx.run_worker_thread(
            thread_pool,
            FILE_MODULE,
            name,
            path,
            known_epoch,
            known_last,
            text,
            at
        )
        if called then
            return answer
        end
    end
    if name == "add" then
        return purge_file_add(
            path,
            known_epoch,
            known_last,
            text,
            at
        )
    end
    if name == "adopt" then
        return purge_file_adopt(path, known_epoch, known_last, text)
    end
    return purge_file_begin(path, known_epoch, known_last, text)
end
--- The same, as soon as nobody else changes the file. Phases: those that may yield; yields, and may block.
local function call_file(purges, name, text)
    local give_up = clock_now() + WAIT_SECONDS
    local answer = call_once(purges, name, text)
    while answer == purge_file_BUSY and clock_now() < give_up do
        ngx.sleep(TRY_SECONDS)
        answer = call_once(purges, name, text)
    end
    return answer
end
____exports.call_file = call_file
--- Has all workers look at the file again. Phases: any.
local function announce(purges)
    purges.stamp[0] = new_stamp()
end
____exports.announce = announce
--- Begins the file, if it has to be, and finds out whether it may be written.
local function begin(purges)
    local answer = call_file(
        purges,
        "begin",
        purges.is_lost and purges.epoch or lists_fresh().epoch
    )
    local problem = string_match(answer, "^failed (.*)$")
    if problem ~= nil then
        local folder = purge_file_folder_of(purges.path)
        purges.faults:report(
            "purges_unwritable",
            purges.path,
            ": ",
            problem,
            "; let the workers write in ",
            folder
        )
    end
    if answer == "begun" then
        announce(purges)
    end
    if purges.is_lost and problem == nil then
        knowledge_load(purges)
    end
end
local function begin_in_timer(premature, purges)
    if not premature then
        guard_call(purges.faults, "purges_unwritable", begin, purges)
    end
end
--- Begins the file in a timer. Phases: any that may start timers.
local function begin_soon(purges)
    local ok, err = ngx.timer.at(0, begin_in_timer, purges)
    if not ok then
        purges.faults:report("timer", "the file of purges is not begun: ", err)
    end
end
____exports.begin_soon = begin_soon
--- Reads what other workers have purged, if there is anything new. Phases: any but init; blocks then.
local function refresh(purges)
    if purges.stamp[0] == purges.seen then
        return
    end
    local problem = knowledge_load(purges)
    if problem == nil then
        return
    end
    purges.faults:report(
        "purges_unreadable",
        purges.path,
        ": ",
        problem,
        "; everything is purged"
    )
    knowledge_lose(purges)
    begin_soon(purges)
end
____exports.refresh = refresh
--- Has the next request of this worker read the file. Phases: any.
local function forget(purges)
    purges.seen = UNSEEN
end
____exports.forget = forget
--- The same if the file has changed. Phases: timer.
local function look(purges)
    if file_state_of(purges.path, lists_MOST_FILE_BYTES) ~= purges.file then
        forget(purges)
    end
end
____exports.look = look
return ____exports
