local ____exports = {}
local kinds = require("resty.openclaw.config.kinds")
local names = require("resty.openclaw.config.names")
local problem = require("resty.openclaw.config.problems")
local schemas = require("resty.openclaw.config.schema")
local file = require("resty.openclaw.post_action.sinks.file")
local http = require("resty.openclaw.post_action.sinks.http")
local redis_stream = require("resty.openclaw.post_action.sinks.redis_stream")
local stream = require("resty.openclaw.post_action.sinks.stream")
local syslog = require("resty.openclaw.post_action.sinks.syslog")
local udp = require("resty.openclaw.post_action.sinks.udp")
--- By the names in the option `type`.
____exports.TYPES = {
    file = {schema = file.SCHEMA, create = file.new},
    http = {schema = http.SCHEMA, check = http.check, create = http.new},
    redis_stream = {schema = redis_stream.SCHEMA, check = redis_stream.check, create = redis_stream.new},
    syslog = {schema = syslog.SCHEMA, check = syslog.check, create = syslog.new},
    tcp = {schema = stream.TCP_SCHEMA, create = stream.tcp},
    tls = {schema = stream.TLS_SCHEMA, create = stream.tls},
    udp = {schema = udp.SCHEMA, check = udp.check, create = udp.new},
    unix = {schema = stream.UNIX_SCHEMA, create = stream.unix}
}
local TYPE = kinds.one_of(unpack(names.sorted(____exports.TYPES)))
--- The options of a sink: its type, and those that the type has.
____exports.SINK = {
    name = "table",
    read = function(given, path, problems)
        local nothing = {type = "", values = nil}
        if type(given) ~= "table" then
            problem.add_no_table(problems, path, "a table", given)
            return nothing
        end
        local options = {}
        for option, value in pairs(given) do
            if option ~= "type" then
                options[option] = value
            end
        end
        local name = TYPE.read(
            given.type,
            problem.child(path, "type"),
            problems
        )
        local found = ____exports.TYPES[name]
        if found == nil then
            return nothing
        end
        local ____opt_0 = found.check
        if ____opt_0 ~= nil then
            ____opt_0(options, path, problems)
        end
        return {
            type = name,
            values = schemas.read(found.schema, options, path, problems)
        }
    end
}
--- Whether sinks of a type have this option; for an unknown type whether any sinks have it. Phases: init.
function ____exports.have(option, sink_type)
    if option == "type" then
        return true
    end
    local known = ____exports.TYPES[sink_type or ""]
    if known ~= nil then
        return known.schema[option] ~= nil
    end
    for ____, ____temp_2 in pairs(____exports.TYPES) do
        local schema
        schema = ____temp_2.schema
        if schema[option] ~= nil then
            return true
        end
    end
    return false
end
--- The sink with these options. `path`: the path of their table, for errors. Phases: init. Raises where options contradict each other, or
-- something that the sink needs is missing.
function ____exports.create(____bindingPattern0, path)
    local values
    local name
    name = ____bindingPattern0.type
    values = ____bindingPattern0.values
    return ____exports.TYPES[name].create(values, path)
end
--- A sink for refused entries: the dead-letter file at this path. Phases: init.
function ____exports.create_dead_letter(path)
    return file.new({path = path})
end
return ____exports
