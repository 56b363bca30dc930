local ____exports = {}
local setmetatable = setmetatable
local math_min = math.min
local lrucache = require("resty.lrucache")
local lrucache_new = lrucache.new
local digests = require("resty.openclaw.core.bytes.digest")
local digests_new = digests.new
local MOST_TOKENS = 10000
local MOST_SECONDS = 60
local function id_of(self, token)
    local id = self.sha256:bytes_of(token)
    return id
end
local function get(self, id, generation, now)
    local entries = self.entries
    if entries == nil or generation ~= self.generation then
        return nil
    end
    local entry = entries:get(id)
    if entry == nil or now < entry.from or now >= entry["until"] then
        return nil
    end
    return entry.caller
end
local function keep(self, id, generation, caller, now, expires)
    if self.entries == nil then
        self.entries = lrucache_new(MOST_TOKENS)
    end
    if generation ~= self.generation then
        self.entries:flush_all()
        self.generation = generation
    end
    local ____until = math_min(expires, now + MOST_SECONDS)
    self.entries:set(id, {caller = caller, from = now, ["until"] = ____until})
end
local function count(self)
    local ____opt_0 = self.entries
    return ____opt_0 and ____opt_0:count() or 0
end
local metatable = {__index = {id_of = id_of, get = get, keep = keep, count = count}}
--- A store for the tokens of one verifier. Phases: init.
local function create()
    return setmetatable(
        {
            sha256 = digests_new("sha256"),
            entries = nil,
            generation = 0
        },
        metatable
    )
end
____exports.new = create
return ____exports
