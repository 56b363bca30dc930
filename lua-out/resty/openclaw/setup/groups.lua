local ____exports = {}
local read = require("resty.openclaw.options")
--- A table of options of its own for each name. Raises when it is none.
function ____exports.named_groups(options, name)
    local groups = read.group("setup", options, name) or ({})
    for key in pairs(groups) do
        if type(key) ~= "string" or key == "" then
            read.refuse("setup", name, "a table whose keys are names", key)
        end
    end
    return groups
end
--- A list of tables. A variable that does not exist leaves a hole in a list, which `for of` would take for its end. Raises
-- when it is none.
function ____exports.list_of_tables(owner, options, name)
    local entries = read.list(owner, options, name)
    for place = 1, #entries do
        local entry = entries[place]
        if type(entry) ~= "table" then
            read.refuse(
                owner,
                ((name .. "[") .. tostring(place)) .. "]",
                "a table",
                entry
            )
        end
    end
    return entries
end
return ____exports
