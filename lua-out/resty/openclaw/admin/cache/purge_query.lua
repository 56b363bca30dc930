local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local tostring = tostring
local type = type
local string_find = string.find
local string_gsub = string.gsub
local string_lower = string.lower
local string_sub = string.sub
--- Of a route, a tenant and a model.
local MOST_BYTES = 256
local KEY_BYTES = 64
local MOST_ARGUMENTS = 10
--- Of the name of an unknown argument.
local MOST_SHOWN_BYTES = 64
local KNOWN = {}
for ____, name in ipairs({
    "route",
    "tenant",
    "model",
    "key",
    "all"
}) do
    KNOWN[name] = true
end
--- An argument's name in a message.
local function shown(name)
    local clean = string_gsub(
        string_sub(name, 1, MOST_SHOWN_BYTES),
        "[^ -~]",
        "?"
    )
    return ("\"" .. clean) .. "\""
end
--- What is wrong with an argument by itself; nothing if it is in order.
local function fault_of(name, value)
    if not (KNOWN[name] ~= nil) then
        return ("The argument " .. shown(name)) .. " is unknown: the query may have route, tenant and model, or key, or all=true."
    end
    if type(value) == "table" then
        return name .. " stands in the query twice."
    end
    if type(value) ~= "string" or value == "" then
        return name .. " must have a value."
    end
    if name == "all" then
        local ____temp_0
        if value == "true" then
            ____temp_0 = nil
        else
            ____temp_0 = "all must be true."
        end
        return ____temp_0
    end
    if name ~= "key" then
        return #value > MOST_BYTES and ((name .. " must have at most ") .. tostring(MOST_BYTES)) .. " bytes." or nil
    end
    local legal = string_find(value, "^%x+$")
    local ____temp_1
    if legal ~= nil and #value == KEY_BYTES then
        ____temp_1 = nil
    else
        ____temp_1 = "key must be 64 hexadecimal digits."
    end
    return ____temp_1
end
local function read_arguments(given)
    local count = 0
    for name, value in pairs(given) do
        local fault = fault_of(name, value)
        if fault ~= nil then
            return nil, fault
        end
        count = count + 1
    end
    local ____given_2 = given
    local route = ____given_2.route
    local tenant = ____given_2.tenant
    local model = ____given_2.model
    local key = ____given_2.key
    local all = ____given_2.all
    if all ~= nil and count > 1 then
        return nil, "all must be the only argument."
    end
    if key ~= nil and count > 1 then
        return nil, "key must be the only argument."
    end
    return {
        route = route,
        tenant = tenant,
        model = model,
        key = key and string_lower(key)
    }
end
--- The filter in the query of the current request. On failure nil, a code and a message. Phases: content.
local function read()
    local given, err = ngx.req.get_uri_args(MOST_ARGUMENTS)
    if err ~= nil then
        return nil, "bad_filter", "The query has too many arguments."
    end
    if (next(given)) == nil then
        return nil, "no_filter", "The query must say what to purge: route, tenant and model, or key, or all=true for everything."
    end
    local filter, fault = read_arguments(given)
    if filter == nil then
        return nil, "bad_filter", fault
    end
    return filter
end
____exports.read = read
return ____exports
