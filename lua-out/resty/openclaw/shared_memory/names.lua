local ____exports = {}
local function get(self, key)
    return self.values[key]
end
local function set(self, key, value)
    self.values[key] = value
    return true
end
local function safe_add(self, key, value)
    if self.values[key] ~= nil then
        return false, "exists"
    end
    self.values[key] = value
    return true
end
--- Nothing here ever ends by itself.
local function expire(self, key)
    if self.values[key] ~= nil then
        return true
    end
    return false, "not found"
end
local function delete_(self, key)
    self.values[key] = nil
end
local function incr(self, key, by)
    local before = self.values[key]
    if before == nil then
        return nil, "not found"
    end
    self.values[key] = before + by
    return before + by
end
local metatable = {__index = {
    get = get,
    set = set,
    safe_set = set,
    safe_add = safe_add,
    delete = delete_,
    incr = incr,
    expire = expire
}}
--- Adds to a number that begins at `first`. The dict's own `incr` with a beginning would evict other names for it.
function ____exports.increment(names, key, by, first)
    local value = names:incr(key, by)
    if value ~= nil then
        return value
    end
    names:safe_add(key, first)
    return names:incr(key, by)
end
--- Names that only this process and the workers forked from it later know.
function ____exports.local_names()
    return setmetatable({values = {}}, metatable)
end
return ____exports
