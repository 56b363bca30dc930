local ____exports = {}
local random = require("resty.openclaw.core.bytes.random")
--- A source of ids. Phases: init.
local function create()
    return {origin = "", sequence = 0}
end
____exports.new = create
--- Advances to the next id, which is `origin-sequence`. The origin is the time of the worker's first id and a random number, as workers of
-- other machines may begin at the same time. Phases: any but init.
function ____exports.advance(ids)
    if ids.origin == "" then
        ids.origin = string.format(
            "%x-%x",
            ngx.now() * 1000,
            random.share() * 4294967296
        )
    end
    ids.sequence = ids.sequence + 1
end
--- The next id. Phases: any but init.
function ____exports.next(ids)
    ____exports.advance(ids)
    return string.format("%s-%d", ids.origin, ids.sequence)
end
--- The id at the beginning of an entry, which records and pushed tables have; else nothing. Phases: any.
function ____exports.of(line)
    local id = string.match(line, "^{\"id\":\"([^\"\\]+)\"")
    return id
end
return ____exports
