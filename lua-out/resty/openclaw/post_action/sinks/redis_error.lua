local ____exports = {}
--- By how the error begins. Others say that this is not the place for the entries: another type, no such command, and so on.
local BUSY = {
    "LOADING",
    "OOM",
    "READONLY",
    "MASTERDOWN",
    "NOREPLICAS",
    "MISCONF",
    "BUSY",
    "TRYAGAIN",
    "CLUSTERDOWN",
    "ERR max number of clients"
}
local CREDENTIALS = {
    "NOAUTH",
    "NOPERM",
    "WRONGPASS",
    "cannot sign in",
    "cannot read the password",
    "the password"
}
--- The only ones about the entry itself: it is too long.
local CONDEMNING = {"ERR Elements are too large", "ERR string exceeds maximum allowed size", "ERR Protocol error: invalid bulk length"}
--- Another host may be the one that takes writes.
local ELSEWHERE = {"READONLY", "MASTERDOWN", "LOADING", "CLUSTERDOWN"}
local function begins_with_one(err, beginnings)
    for ____, beginning in ipairs(beginnings) do
        if string.sub(err, 1, #beginning) == beginning then
            return true
        end
    end
    return false
end
--- Whether the entry itself will never be taken. Phases: any.
function ____exports.condemns(err)
    return begins_with_one(err, CONDEMNING)
end
--- Why the entry is not taken now, although nothing is wrong with it. Phases: any.
function ____exports.cause_of(err)
    if begins_with_one(err, CREDENTIALS) then
        return "credentials"
    end
    return begins_with_one(err, BUSY) and "busy" or "misdirected"
end
--- Whether another host may take what this one does not. Phases: any.
function ____exports.is_elsewhere(err)
    return begins_with_one(err, ELSEWHERE)
end
--- Where the key is, as a node of a cluster says: "MOVED 3999 10.0.0.2:6381", or ASK. Nothing for all other errors.
-- Source: "Redirection and resharding" of Redis' cluster specification. Phases: any.
function ____exports.redirection(err)
    local word, host, port = string.match(err, "^(%u+) %d+ (%S*):(%d+)$")
    if word ~= "MOVED" and word ~= "ASK" then
        return nil
    end
    local ipv6 = string.find(host, ":", 1, true)
    local bare = ipv6 == nil or string.byte(host) == string.byte("[")
    return {
        host = bare and host or ("[" .. host) .. "]",
        port = tonumber(port),
        asks = word == "ASK"
    }
end
return ____exports
