local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local type = type
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_or_none_of = kinds.list_or_none_of
local kinds_of = kinds.of
local problem = require("resty.openclaw.config.problems")
local problem_add_no_table = problem.add_no_table
local LOWEST_STATUS = 400
local HIGHEST_STATUS = 599
local LIST = kinds_list_or_none_of(kinds_of(
    "status",
    "a status from 400 to 599",
    function(given) return type(given) == "number" and given % 1 == 0 and given >= LOWEST_STATUS and given <= HIGHEST_STATUS end
))
--- A list of statuses, which may be empty.
local STATUSES = {
    name = "list of statuses, 400 to 599",
    read = function(given, path, problems)
        if type(given) == "table" then
            return LIST.read(given, path, problems)
        end
        problem_add_no_table(problems, path, "a list of statuses from 400 to 599", given)
        return {}
    end
}
____exports.STATUSES = STATUSES
--- The list as a map. Phases: init.
local function of(statuses)
    local found = {}
    for ____, status in ipairs(statuses) do
        found[tostring(status)] = status
    end
    return found
end
____exports.of = of
return ____exports
