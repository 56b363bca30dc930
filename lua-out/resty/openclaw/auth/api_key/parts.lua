local ____exports = {}
local setmetatable = setmetatable
local MOST_KEYS = 4096
local function find_in_others(parts, key)
    for number = 2, #parts do
        local value = parts[number][key]
        if value ~= nil then
            return value
        end
    end
    return nil
end
local function get(self, key)
    local parts = self.parts
    local value = parts[1][key]
    if value ~= nil or #parts == 1 then
        return value
    end
    local other = find_in_others(parts, key)
    return other
end
local function add(self, key, value)
    if self.room == 0 then
        local ____self_parts_0 = self.parts
        ____self_parts_0[#____self_parts_0 + 1] = {}
        self.room = MOST_KEYS
    end
    self.parts[#self.parts][key] = value
    self.room = self.room - 1
end
local metatable = {__index = {get = get, add = add}}
--- No entries yet.
local function create()
    local parts = {{}}
    return setmetatable({parts = parts, room = MOST_KEYS}, metatable)
end
____exports.new = create
return ____exports
