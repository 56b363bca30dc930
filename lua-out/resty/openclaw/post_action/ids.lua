local ____exports = {}
local string_format = string.format
local string_match = string.match
local random = require("resty.openclaw.core.bytes.random")
local random_share = random.share
--- A source of ids. Phases: init.
local function create()
    return {origin = "", sequence = 0}
end
____exports.new = create
--- Advances to the next id, which is `origin-sequence`. The origin is the time of the worker's first id and a random number, as workers of
-- other machines may begin at the same time. Phases: any but init.
local function advance(ids)
    if ids.origin == "" then
        ids.origin = string_format(
            "%x-%x",
            ngx.now() * 1000,
            random_share() * 4294967296
        )
    end
    ids.sequence = ids.sequence + 1
end
____exports.advance = advance
--- The next id. Phases: any but init.
local function next(ids)
    advance(ids)
    return (string_format("%s-%d", ids.origin, ids.sequence))
end
____exports.next = next
--- The id at the beginning of an entry, which records and pushed tables have; else nothing. Phases: any.
local function of(line)
    local id = string_match(line, "^{\"id\":\"([^\"\\]+)\"")
    return id
end
____exports.of = of
return ____exports
