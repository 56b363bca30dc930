local ____exports = {}
local setmetatable = setmetatable
local function take(self, now, ____until, most)
    for place = 1, most do
        if (self.free_at[place] or now) <= now then
            self.free_at[place] = ____until
            return place
        end
    end
    return nil
end
local function give_back(self, place, now)
    self.free_at[place] = now
end
local metatable = {__index = {take = take, give_back = give_back}}
--- All places are free.
local function create()
    local free_at = {}
    return setmetatable({free_at = free_at}, metatable)
end
____exports.new = create
return ____exports
