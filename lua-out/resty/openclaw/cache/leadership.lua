local ____exports = {}
local tostring = tostring
local string_find = string.find
local string_sub = string.sub
local process_identity = require("resty.openclaw.core.process.process_identity")
local process_identity_identity = process_identity.identity
local process_identity_is_alive = process_identity.is_alive
--- Begins the names of leads in the dict; keys are hexadecimal.
local PREFIX = "lead:"
--- The lead ends by itself after so long, in seconds, if it was lost in some other way.
local SECONDS = 3600
--- Separates the process from its number in a name.
local SEPARATOR = "/"
local process
local pid
local count = 0
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
    local is_taken, err = dict:add(PREFIX .. key, name, SECONDS)
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
--- Whether the process of that leader has died. Phases: any; two system calls.
local function is_dead(name)
    local separator = string_find(name, SEPARATOR, 1, true)
    return separator == nil or not process_identity_is_alive(string_sub(name, 1, separator - 1))
end
____exports.is_dead = is_dead
return ____exports
