local ____exports = {}
local kinds = require("resty.openclaw.config.kinds")
local problem = require("resty.openclaw.config.problems")
local LOWEST_STATUS = 400
local HIGHEST_STATUS = 599
local LIST = kinds.list_or_none_of(kinds.of(
    "status",
    "a status from 400 to 599",
    function(given) return type(given) == "number" and given % 1 == 0 and given >= LOWEST_STATUS and given <= HIGHEST_STATUS end
))
--- A list of statuses, which may be empty.
____exports.STATUSES = {
    name = "list of statuses, 400 to 599",
    read = function(given, path, problems)
        if type(given) == "table" then
            return LIST.read(given, path, problems)
        end
        problem.add_no_table(problems, path, "a list of statuses from 400 to 599", given)
        return {}
    end
}
--- The list as a map. Phases: init.
function ____exports.of(statuses)
    local found = {}
    for ____, status in ipairs(statuses) do
        found[tostring(status)] = status
    end
    return found
end
return ____exports
