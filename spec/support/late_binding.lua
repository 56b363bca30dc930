--- Modules keep what they call of other modules in local variables (see tools/local_functions.mjs), so a spec that replaces a function
--- in a module's table would come too late. In specs a module's local variable is a small function that calls whatever is in the
--- table at the time of the call. A spec replaces it as usual: `clock.now = function() return 1 end`, or `stub(request, "variable")`.
--- This does not work for calls within one module, for constants, and for Lua's libraries.

--- Whether what reads a module's table is one of the modules, not a spec.
local function is_for_module()
    local reader = debug.getinfo(3, "S")
    return reader ~= nil and reader.source:find("/lua-out/", 1, true) ~= nil
end

--- Makes every call of a module's functions go through its table.
local function bind_late(module)
    local present, lasting = {}, {}
    for name, value in pairs(module) do
        if type(value) == "function" then
            present[name] = value
            lasting[name] = function(...) return present[name](...) end
        end
    end
    for name in pairs(present) do module[name] = nil end
    return setmetatable(module, {
        __index = function(_, name) return is_for_module() and lasting[name] or present[name] end,
        __newindex = function(_, name, value)
            if lasting[name] == nil then rawset(module, name, value) else present[name] = value end
        end,
    })
end

local function is_replaceable(name) return name:find("^resty%.openclaw") or name == "ngx.balancer" or name == "ngx.process" end

table.insert(package.loaders, 2, function(name)
    if not is_replaceable(name) then return nil end
    local file = package.searchpath(name, package.path)
    if file == nil then return nil end
    return function()
        local module = assert(loadfile(file))(name)
        if type(module) ~= "table" or getmetatable(module) ~= nil then return module end
        return bind_late(module)
    end
end)
