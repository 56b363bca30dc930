--- Tells what LuaJIT compiles in this worker and what it does not, by where it runs: in a phase of a request or in a timer.
local jit = require("jit")
local util = require("jit.util")
local json = require("cjson")

-- Nothing here is compiled, so that all that is counted is the gateway's.
jit.off(true, true)

local _M = {}

local has_texts, vmdef = pcall(require, "jit.vmdef")

-- How often all compiled code was thrown away; what could not be compiled, and the instructions that were interpreted, by place.
local flushes, aborts, instructions

--- Location /traces/reset.
function _M.reset()
    flushes, aborts, instructions = 0, {}, {}
end
_M.reset()

--- What called all that is running: nginx's code of a phase, or the function of a timer.
local function bottom()
    local source
    for level = 3, math.huge do
        local info = debug.getinfo(level, "S")
        if not info then return source end
        source = info.short_src
    end
end

local function place_of(func, pc)
    local info = util.funcinfo(func, pc)
    return info.loc or (has_texts and vmdef.ffnames[info.ffid]) or "a function in C"
end

-- Where the traces that are being made begin.
local begins = {}

-- Called by LuaJIT while it compiles. Calls nothing that may be compiled itself: with ngx.get_phase the worker crashed.
local function watch(what, trace, func, pc, reason)
    if what == "start" then
        begins[trace] = place_of(func, pc)
    elseif what == "flush" then
        flushes = flushes + 1
    elseif what == "abort" then
        local text = has_texts and vmdef.traceerr[reason] or tostring(reason)
        local place = string.format("%s: %s: %s, begun at %s", bottom(), place_of(func, pc), text, tostring(begins[trace]))
        aborts[place] = (aborts[place] or 0) + 1
    end
end

--- Begins to count. In a worker only: the LuaJIT of Debian 12 crashes when modules are loaded after this.
function _M.begin()
    jit.attach(watch, "trace")
end

-- Called before each instruction that is interpreted; compiled code calls no hooks.
local function count()
    local info = debug.getinfo(2, "S")
    local place = string.format("%s: %s:%d", bottom(), info.short_src:match("[^/]*$"), info.linedefined)
    instructions[place] = (instructions[place] or 0) + 1
end

--- Location /traces/interpreted: counts instructions from now on. Nothing new is compiled meanwhile, because LuaJIT may crash
--- when it compiles under a hook.
function _M.watch_interpreter()
    jit.off()
    debug.sethook(count, "", 1)
end

--- Location /traces/tell.
function _M.tell()
    debug.sethook()
    jit.on()
    ngx.print(json.encode({ flushes = flushes, aborts = aborts, instructions = instructions }))
end

return _M
