local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local string_byte = string.byte
local string_find = string.find
local string_match = string.match
local string_sub = string.sub
--- How temporary errors begin. Others, such as a wrong type or an unknown command, mean a wrong configuration.
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
--- The only errors about the entry itself: it is too long.
local PERMANENT = {"ERR Elements are too large", "ERR string exceeds maximum allowed size", "ERR Protocol error: invalid bulk length"}
--- Errors where another host may accept writes.
local TRY_ANOTHER_HOST = {"READONLY", "MASTERDOWN", "LOADING", "CLUSTERDOWN"}
local function begins_with_one(err, beginnings)
    for ____, beginning in ipairs(beginnings) do
        if string_sub(err, 1, #beginning) == beginning then
            return true
        end
    end
    return false
end
--- What a command in a script says, which Redis before 7 puts behind a sentence about the script. Phases: any.
local function unwrapped(err)
    local inner = string_match(err, "^ERR Error running script .*@user_script: ?%d+: %-?(.+)$")
    return inner or err
end
____exports.unwrapped = unwrapped
--- Whether the entry itself will never be accepted. Phases: any.
local function is_permanent(err)
    return begins_with_one(err, PERMANENT)
end
____exports.is_permanent = is_permanent
--- Why a valid command is not accepted now. Phases: any.
local function cause_of(err)
    if begins_with_one(err, CREDENTIALS) then
        return "credentials"
    end
    return begins_with_one(err, BUSY) and "busy" or "misdirected"
end
____exports.cause_of = cause_of
--- Whether another host may accept the command. Phases: any.
local function may_another_host_accept(err)
    return begins_with_one(err, TRY_ANOTHER_HOST)
end
____exports.may_another_host_accept = may_another_host_accept
--- The redirection of a cluster node: "MOVED 3999 10.0.0.2:6381", or ASK. Nothing for all other errors.
-- Source: "Redirection and resharding" of Redis' cluster specification. Phases: any.
local function redirection(err)
    local kind, host, port = string_match(err, "^(%u+) %d+ (%S*):(%d+)$")
    if kind ~= "MOVED" and kind ~= "ASK" then
        return nil
    end
    local ipv6 = string_find(host, ":", 1, true)
    local bare = ipv6 == nil or string_byte(host) == string_byte("[")
    return {
        host = bare and host or ("[" .. host) .. "]",
        port = tonumber(port),
        asks = kind == "ASK"
    }
end
____exports.redirection = redirection
return ____exports
