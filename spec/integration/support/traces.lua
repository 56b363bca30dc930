--- Counts what LuaJIT's compiler does in a worker, and where it gives up.
local util = require("jit.util")
local json = require("cjson")

local has_texts, vmdef = pcall(require, "jit.vmdef")
local texts = has_texts and vmdef.traceerr or {}

local _M = {}

local counts, aborts, links, interpreted, begins

function _M.reset()
    counts, aborts, links, interpreted, begins = { start = 0, stop = 0, abort = 0, flush = 0, timer = 0 }, {}, {}, {}, {}
end
_M.reset()

local starts = {}
local given = {}

local function add(to, key) to[key] = (to[key] or 0) + 1 end

local function name_of(func, pc)
    local info = util.funcinfo(func, pc)
    return info.loc or (vmdef.ffnames[info.ffid] or "?") .. string.format(" %x", info.addr or 0)
end

local function reason_of(code, extra)
    local text = texts[code] or code
    if type(extra) == "function" then extra = name_of(extra, 0) end
    if type(text) == "string" and text:find("%d", 1, true) and type(extra) == "number" then
        return (text:gsub("%%d", tostring(extra)))
    end
    if type(text) == "string" and text:find("%s", 1, true) then return (text:gsub("%%s", function() return tostring(extra) end)) end
    return tostring(text) .. " " .. tostring(extra)
end

local function phase_of()
    local level, found = 2, "none"
    while true do
        local info = debug.getinfo(level, "S")
        if info == nil then return found end
        found = info.short_src
        level = level + 1
    end
end

local function watch(what, trace, func, pc, code, extra)
    local phase = phase_of()
    counts[what] = counts[what] + 1
    if what == "start" then
        starts[trace] = { func = func, pc = pc, loc = name_of(func, pc), parent = code, exit = extra }
        add(begins, phase .. ": " .. starts[trace].loc .. (code and (" side " .. code .. "/" .. tostring(extra)) or ""))
    elseif what == "abort" then
        local start = starts[trace] or {}
        add(aborts, phase .. ": " .. name_of(func, pc) .. ": " .. reason_of(code, extra) .. ", begun at " .. tostring(start.loc)
            .. (start.parent and (" side of " .. start.parent .. "/" .. tostring(start.exit)) or ""))
        if start.func and not start.parent then given[start.loc] = { start.func, start.pc } end
    elseif what == "stop" then
        local info = util.traceinfo(trace)
        add(links, info.linktype)
        local s = starts[trace] or {}
        if info.linktype == "interpreter" or info.linktype == "stitch" then
            add(links, info.linktype .. " " .. phase .. ": " .. name_of(func, pc) .. " begun at " .. tostring(s.loc))
        end
    end
end

function _M.begin()
    require("jit").attach(watch, "trace")
end

local function hook()
    local info = debug.getinfo(2, "S")
    add(interpreted, phase_of() .. " | " .. info.short_src:match("[^/]*$") .. ":" .. info.linedefined)
end

function _M.hook(on)
    local jit = require("jit")
    if on then jit.off() debug.sethook(hook, "", 1) else debug.sethook() jit.on() end
end

local BC = has_texts and vmdef.bcnames
local function blacklisted()
    local list = {}
    for loc, it in pairs(given) do
        local op = require("bit").band((util.funcbc(it[1], it[2])), 0xff)
        list[loc] = BC and BC:sub(op * 6 + 1, op * 6 + 6) or op
    end
    return list
end

function _M.tell()
    ngx.print(json.encode({ counts = counts, aborts = aborts, links = links, interpreted = interpreted, begins = begins, ops = blacklisted() }))
end

return _M
