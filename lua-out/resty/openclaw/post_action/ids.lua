local ____exports = {}
local noise = require("resty.openclaw.noise")
--- A source of ids. Phases: init.
local function create()
    return {sequence = 0}
end
____exports.new = create
--- The next id: when the worker began to give them and a random number, as other machines have workers too, then how
-- many there were. Phases: any but init.
function ____exports.next(ids)
    ids.origin = ids.origin or string.format(
        "%x-%x",
        ngx.now() * 1000,
        noise.share() * 4294967296
    )
    ids.sequence = ids.sequence + 1
    return string.format("%s-%d", ids.origin, ids.sequence)
end
--- The id that an entry begins with, as records and pushed tables do; nothing where it does not. Phases: any.
function ____exports.of(line)
    local id = string.match(line, "^{\"id\":\"([^\"\\]+)\"")
    return id
end
return ____exports
