local ____exports = {}
local tonumber = tonumber
local tostring = tostring
local string_match = string.match
local string_rep = string.rep
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_errno = ffi.errno
ffi_cdef("int kill(int pid, int signal);")
local ESRCH = 3
--- When a process began, in clock ticks since boot; nothing where /proc cannot be read.
local function start_ticks(pid)
    local file = io.open(("/proc/" .. tostring(pid)) .. "/stat")
    if file == nil then
        return nil
    end
    local stat = file:read("*a")
    file:close()
    local ticks = string_match(
        stat or "",
        ("^.*%)" .. string_rep(" %S+", 19)) .. " (%d+)"
    )
    return ticks
end
--- The identity of this process: its pid and start time. Phases: any.
local function identity()
    local pid = ngx.worker.pid()
    return (tostring(pid) .. " ") .. (start_ticks(pid) or "")
end
____exports.identity = identity
--- Whether the process with this identity still runs. Phases: any; two system calls.
local function is_alive(who)
    local pid, ticks = string_match(who, "^(%d+) (%d*)$")
    if ffi.C.kill(
        tonumber(pid),
        0
    ) ~= 0 and ffi_errno() == ESRCH then
        return false
    end
    local now = start_ticks(tonumber(pid))
    return now == nil or ticks == "" or now == ticks
end
____exports.is_alive = is_alive
return ____exports
