local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local type = type
local string_find = string.find
local string_gsub = string.gsub
local string_lower = string.lower
local string_sub = string.sub
local kinds = require("resty.openclaw.config.kinds")
local kinds_of = kinds.of
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local MOST_HYPHENS = 5
--- nginx's variable of a header. Phases: any.
local function variable_of(name)
    local underscored = string_gsub(
        string_lower(name),
        "-",
        "_"
    )
    return "http_" .. underscored
end
____exports.variable_of = variable_of
local function hyphens_in(name)
    local ____, count = string_gsub(name, "-", "-")
    return count
end
--- Headers that HTTP itself needs, that have credentials of their own form, or that this gateway removes.
local TAKEN = {}
for ____, name in ipairs({
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade"
}) do
    TAKEN[name] = true
end
local OUR_PREFIX = "x-openclaw-"
local function is_taken(name)
    local lower = string_lower(name)
    return TAKEN[lower] ~= nil or string_sub(lower, 1, #OUR_PREFIX) == OUR_PREFIX
end
--- The name of a header that the gateway may set, or read keys from.
local KIND = kinds_of(
    "string",
    ("the name of a header, with at most " .. tostring(MOST_HYPHENS)) .. " hyphens, that neither HTTP nor the gateway uses itself",
    function(given)
        if type(given) ~= "string" then
            return false
        end
        local legal = string_find(given, "^%a[%w-]*$")
        return legal ~= nil and hyphens_in(given) <= MOST_HYPHENS and not is_taken(given)
    end
)
____exports.KIND = KIND
--- All spellings of names, by the name.
local spellings = {}
local function make_spellings(name)
    local all = {""}
    for place = 1, #name do
        local letter = string_sub(name, place, place)
        local longer = {}
        for ____, beginning in ipairs(all) do
            longer[#longer + 1] = beginning .. letter
            if letter == "-" then
                longer[#longer + 1] = beginning .. "_"
            end
        end
        all = longer
    end
    return all
end
--- Prepares a name for `clear`. Phases: init.
local function prepare(name)
    spellings[name] = make_spellings(name)
end
____exports.prepare = prepare
--- Removes a header from the request, in all spellings. Phases: rewrite, access.
local function clear(name)
    if request_variable(variable_of(name)) == nil then
        return
    end
    for ____, spelling in ipairs(spellings[name] or make_spellings(name)) do
        ngx.req.clear_header(spelling)
    end
end
____exports.clear = clear
return ____exports
