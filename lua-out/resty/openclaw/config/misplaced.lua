local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local type = type
local table_sort = table.sort
local problem = require("resty.openclaw.config.problems")
local problem_beginning = problem.beginning
--- A copy of a table without the options that belong to another one. For each of these a problem is added, which ends in `where`: where
-- the option belongs. Phases: init.
local function take_out(given, path, problems, is_elsewhere, where)
    local kept = {}
    local misplaced = {}
    for name, value in pairs(given) do
        if type(name) == "string" and is_elsewhere(name) then
            misplaced[#misplaced + 1] = name
        else
            kept[name] = value
        end
    end
    table_sort(misplaced)
    for ____, name in ipairs(misplaced) do
        problems[#problems + 1] = (((problem_beginning(path) .. " unknown option \"") .. name) .. "\"; ") .. where
    end
    return kept
end
____exports.take_out = take_out
return ____exports
