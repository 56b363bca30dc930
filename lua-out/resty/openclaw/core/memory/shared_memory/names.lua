local ____exports = {}
local setmetatable = setmetatable
local table_remove = table.remove
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
local function lpush(self, key, value)
    local list = self.lists[key] or ({})
    self.lists[key] = list
    list[#list + 1] = value
    return #list
end
local function lpop(self, key)
    local list = self.lists[key]
    local ____temp_0
    if list == nil then
        ____temp_0 = nil
    else
        ____temp_0 = table_remove(list)
    end
    return ____temp_0
end
local metatable = {__index = {
    get = get,
    set = set,
    safe_set = set,
    safe_add = safe_add,
    delete = delete_,
    incr = incr,
    expire = expire,
    lpush = lpush,
    lpop = lpop
}}
--- Adds to a number that begins at `first`. The dict's own `incr` with a beginning would evict other names for it.
local function increment(names, key, by, first)
    local value = names:incr(key, by)
    if value ~= nil then
        return value
    end
    names:safe_add(key, first)
    return names:incr(key, by)
end
____exports.increment = increment
--- Takes `count` slots where a cursor stands, which begins at `first`, and moves it on; nothing past `limit`.
local function advance(names, cursor, count, first, limit)
    local next, err = increment(names, cursor, count, first)
    if next == nil then
        return nil, err
    end
    if next > limit then
        names:incr(cursor, -count)
        return nil, "no slot is left"
    end
    return next - count
end
____exports.advance = advance
--- Names that only this process and the workers forked from it later know.
local function local_names()
    local fields = {values = {}, lists = {}}
    return setmetatable(fields, metatable)
end
____exports.local_names = local_names
return ____exports
