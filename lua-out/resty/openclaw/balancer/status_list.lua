local ____exports = {}
local read = require("resty.openclaw.options")
local LOWEST_STATUS = 400
local HIGHEST_STATUS = 599
local EXPECTED = "a list of statuses from 400 to 599"
local function add(owner, name, statuses, status)
    if type(status) ~= "number" or status % 1 ~= 0 or status < LOWEST_STATUS or status > HIGHEST_STATUS then
        read.refuse(owner, name, EXPECTED, status)
    end
    statuses[tostring(status)] = status
end
--- What an option of this kind says; raises when it is wrong. Phases: init.
function ____exports.read_statuses(owner, options, name, defaults)
    local ____options_name_0 = options[name]
    if ____options_name_0 == nil then
        ____options_name_0 = defaults
    end
    local given = ____options_name_0
    local found = {}
    if type(given) ~= "table" then
        read.refuse(owner, name, EXPECTED, given)
    end
    for ____, status in pairs(given) do
        add(owner, name, found, status)
    end
    return found
end
____exports.read = ____exports.read_statuses
return ____exports
