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
local function delete_(self, key)
    self.values[key] = nil
end
local function incr(self, key, by, init)
    local ____self_values_key_0 = self.values[key]
    if ____self_values_key_0 == nil then
        ____self_values_key_0 = init
    end
    local value = ____self_values_key_0 + by
    self.values[key] = value
    return value
end
local metatable = {__index = {
    get = get,
    set = set,
    safe_set = set,
    safe_add = safe_add,
    delete = delete_,
    incr = incr
}}
--- Names that only this process and the workers forked from it later know.
function ____exports.local_names()
    return setmetatable({values = {}}, metatable)
end
return ____exports
