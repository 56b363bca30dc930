local ____exports = {}
local problem = require("resty.openclaw.config.problems")
--- A copy of a table without the options that belong to another one. For each of these a problem is added, which ends in `where`: where
-- the option belongs. Phases: init.
function ____exports.take_out(given, path, problems, is_elsewhere, where)
    local kept = {}
    local misplaced = {}
    for name, value in pairs(given) do
        if type(name) == "string" and is_elsewhere(name) then
            misplaced[#misplaced + 1] = name
        else
            kept[name] = value
        end
    end
    table.sort(misplaced)
    for ____, name in ipairs(misplaced) do
        problems[#problems + 1] = (((problem.beginning(path) .. " unknown option \"") .. name) .. "\"; ") .. where
    end
    return kept
end
return ____exports
