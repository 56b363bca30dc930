local ____exports = {}
local error = error
local ipairs = ipairs
local tostring = tostring
local type = type
local table_concat = table.concat
local contract = require("resty.openclaw.gateway.contract")
local contract_alone = contract.alone
local DEFAULT = {"jpeg", "png"}
--- The formats of the old option as the new one has them.
local function content_types(options)
    local ____temp_0
    if type(options) == "table" then
        ____temp_0 = options.formats
    else
        ____temp_0 = nil
    end
    local given = ____temp_0
    local names = {}
    for ____, format in ipairs(type(given) == "table" and given or DEFAULT) do
        names[#names + 1] = ("\"image/" .. tostring(format)) .. "\""
    end
    return ("{ content_types = { " .. table_concat(names, ", ")) .. " } }"
end
--- The sentence for a route that still has the option; `path`: the option's.
local function in_route(path, options)
    return (path .. " is now a part of checks: write checks = ") .. content_types(options)
end
____exports.in_route = in_route
--- Raises how to say it now. Phases: init.
local function alone(options)
    local types = content_types(options)
    local function create()
        return error(("image_check is now a part of checks: write require(\"resty.openclaw.checks\").new(" .. types) .. ")", 0)
    end
    return contract_alone({name = "image_check", schema = {}, create = create}, {})
end
____exports.new = alone
return ____exports
