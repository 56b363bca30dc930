local ____exports = {}
local ipairs = ipairs
local pcall = pcall
local type = type
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local any_value = require("resty.openclaw.core.text.json.any_value")
local any_value_encode = any_value.encode
--- Of what one plugin says.
local BOUNDS = {depth = 8, bytes = 65536}
--- Writes JSON that is JSON already.
local function WRITTEN(output, value)
    output.text:put(value or "null")
end
____exports.WRITTEN = WRITTEN
--- A reader without any plugins yet. Phases: any.
local function create(faults, plugins_of)
    return {faults = faults, plugins_of = plugins_of, reported = {}}
end
____exports.new = create
local function read(plugin, route, yield_if_due)
    local said = plugin:status(route)
    if said ~= nil and type(said) ~= "table" then
        return {
            text = nil,
            problem = "it is a " .. type(said)
        }
    end
    return any_value_encode(said, BOUNDS, yield_if_due)
end
--- Whether it has the method: plugins of users' own may have a field of that name.
local function has_status(plugin)
    return type(plugin.status) == "function"
end
--- The status of a plugin as JSON; nothing where it raises or says too much.
local function written(reader, plugin, name, route, yield_if_due)
    local ok, encoded = pcall(read, plugin, route, yield_if_due)
    if not ok then
        reader.faults:report("plugin", ((("status() of \"" .. name) .. "\" in the route \"") .. route) .. "\" failed: ", encoded)
        return nil
    end
    local ____encoded_0 = encoded
    local text = ____encoded_0.text
    local problem = ____encoded_0.problem
    if problem ~= nil and not (reader.reported[plugin] ~= nil) then
        reader.reported[plugin] = true
        reader.faults:report("plugin", ((("status() of \"" .. name) .. "\" in the route \"") .. route) .. "\" cannot be shown: ", problem)
    end
    return text
end
--- What each plugin of a route says, by its name. Never raises. Phases: content.
local function statuses(reader, route, yield_if_due)
    return function(put)
        local plugins = reader.plugins_of(route)
        if plugins == nil then
            return
        end
        for ____, name in ipairs(names_sorted(plugins)) do
            local plugin = plugins[name]
            if has_status(plugin) then
                put(
                    name,
                    written(
                        reader,
                        plugin,
                        name,
                        route,
                        yield_if_due
                    )
                )
            end
        end
    end
end
____exports.statuses = statuses
return ____exports
