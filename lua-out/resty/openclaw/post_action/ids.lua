local ____exports = {}
local random = require("resty.openclaw.core.bytes.random")
--- A source of ids. Phases: init.
local function create()
    return {origin = "", sequence = 0}
end
____exports.new = create
--- Goes on to the next id, which is `origin-sequence`: when the worker began to give them and a random number, as other
-- machines have workers too, then how many there were. Phases: any but init.
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
--- The next id as a text. Phases: any but init.
function ____exports.next(ids)
    ____exports.advance(ids)
    return string.format("%s-%d", ids.origin, ids.sequence)
end
--- The id that an entry begins with, as records and pushed tables do; nothing where it does not. Phases: any.
function ____exports.of(line)
    local id = string.match(line, "^{\"id\":\"([^\"\\]+)\"")
    return id
end
return ____exports
