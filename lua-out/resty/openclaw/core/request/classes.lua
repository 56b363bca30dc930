local ____exports = {}
local ipairs = ipairs
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local problem = require("resty.openclaw.config.problems")
local problem_shown = problem.shown
local ____schema = require("resty.openclaw.config.schema")
local map_of = ____schema.map_of
local texts = require("resty.openclaw.core.text.text")
local texts_is_name = texts.is_name
--- A kind: a table from the names of classes to values of a kind, as `map_of`. A class that no caller can have is a problem. Phases: init.
local function map_of_classes(kind, example)
    local map = map_of(kind, example)
    return {
        name = map.name,
        read = function(given, path, problems)
            local read = map.read(given, path, problems)
            for ____, name in ipairs(names_sorted(read)) do
                if not texts_is_name(name) then
                    problems[#problems + 1] = ((path .. ": ") .. problem_shown(name)) .. " is no name of a class: 1 to 64 of A-Z a-z 0-9 _ . -"
                end
            end
            return read
        end
    }
end
____exports.map_of_classes = map_of_classes
return ____exports
