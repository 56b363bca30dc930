local ____exports = {}
local tostring = tostring
local string_find = string.find
local string_sub = string.sub
local process_identity = require("resty.openclaw.core.process.process_identity")
local process_identity_identity = process_identity.identity
local process_identity_is_alive = process_identity.is_alive
local rooms = require("resty.openclaw.cache.room")
local rooms_add = rooms.add
--- Begins the names of leads in the dict; keys are hexadecimal.
local PREFIX = "lead:"
--- The lead ends by itself after so long, in seconds, if it was lost in some other way.
local SECONDS = 3600
--- Separates the process from its number in a name.
local SEPARATOR = "/"
local process
local pid
local count = 0
--- For how long it is taken for true that a process lives, in seconds.
local LOOK_SECONDS = 0.1
--- Whether the processes that were looked at since then had died.
local deaths = {}
local looked_at = 0
--- A name that no other request has, in any worker, also after a restart of nginx. Phases: any but init.
local function new_name()
    local present = ngx.worker.pid()
    if process == nil or pid ~= present then
        process = process_identity_identity()
        pid = present
    end
    count = count + 1
    return (process .. SEPARATOR) .. tostring(count)
end
____exports.new_name = new_name
--- Takes the lead of the key under that name. False if another request has it; second value: why nobody can have it. Phases: any.
local function take(dict, key, name)
    local is_taken, err = rooms_add(dict, PREFIX .. key, name, SECONDS)
    if is_taken then
        return true, nil
    end
    local ____temp_0
    if err == "exists" then
        ____temp_0 = nil
    else
        ____temp_0 = err
    end
    return false, ____temp_0
end
____exports.take = take
--- The name of the leader; nothing if there is none. Phases: any.
function ____exports.present(dict, key)
    local name = dict:get(PREFIX .. key)
    return name
end
--- Gives the lead up, unless another request has it by now. Phases: any.
local function give_up(dict, key, name)
    if ____exports.present(dict, key) == name then
        dict:delete(PREFIX .. key)
    end
end
____exports.give_up = give_up
local function process_of(name)
    local separator = string_find(name, SEPARATOR, 1, true)
    local ____temp_1
    if separator == nil then
        ____temp_1 = nil
    else
        ____temp_1 = string_sub(name, 1, separator - 1)
    end
    return ____temp_1
end
--- Whether the process of that leader has died. Phases: any; two system calls.
local function is_dead(name)
    local its_process = process_of(name)
    return its_process == nil or not process_identity_is_alive(its_process)
end
____exports.is_dead = is_dead
--- The same, as it was a moment ago: however many leaders a process has, it is looked at ten times a second at most. Phases: any.
local function was_dead(name, now)
    local its_process = process_of(name)
    if its_process == nil then
        return true
    end
    if now - looked_at > LOOK_SECONDS then
        looked_at = now
        deaths = {}
    end
    local has_died = deaths[its_process]
    if has_died == nil then
        has_died = not process_identity_is_alive(its_process)
        deaths[its_process] = has_died
    end
    return has_died
end
____exports.was_dead = was_dead
return ____exports
