local ____exports = {}
local ffi = require("ffi")
ffi.cdef("int kill(int pid, int signal);")
local ESRCH = 3
--- When a process began, in clock ticks since boot; nothing where /proc cannot be read.
local function start_ticks(pid)
    local file = io.open(("/proc/" .. tostring(pid)) .. "/stat")
    if file == nil then
        return nil
    end
    local stat = file:read("*a")
    file:close()
    local ticks = string.match(
        stat or "",
        ("^.*%)" .. string.rep(" %S+", 19)) .. " (%d+)"
    )
    return ticks
end
--- The identity of this process: its pid and start time. Phases: any.
function ____exports.identity()
    local pid = ngx.worker.pid()
    return (tostring(pid) .. " ") .. (start_ticks(pid) or "")
end
--- Whether the process with this identity still runs. Phases: any; two system calls.
function ____exports.is_alive(who)
    local pid, ticks = string.match(who, "^(%d+) (%d*)$")
    if ffi.C.kill(
        tonumber(pid),
        0
    ) ~= 0 and ffi.errno() == ESRCH then
        return false
    end
    local now = start_ticks(tonumber(pid))
    return now == nil or ticks == "" or now == ticks
end
return ____exports
