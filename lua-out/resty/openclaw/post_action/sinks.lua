local ____exports = {}
local pairs = pairs
local type = type
local kinds = require("resty.openclaw.config.kinds")
local kinds_one_of = kinds.one_of
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local problem = require("resty.openclaw.config.problems")
local problem_add_no_table = problem.add_no_table
local problem_child = problem.child
local schemas = require("resty.openclaw.config.schema")
local schemas_read = schemas.read
local file = require("resty.openclaw.post_action.sinks.file")
local file_SCHEMA = file.SCHEMA
local file_new = file.new
local http = require("resty.openclaw.post_action.sinks.http")
local http_SCHEMA = http.SCHEMA
local redis_stream = require("resty.openclaw.post_action.sinks.redis_stream")
local redis_stream_SCHEMA = redis_stream.SCHEMA
local stream = require("resty.openclaw.post_action.sinks.stream")
local stream_TCP_SCHEMA = stream.TCP_SCHEMA
local stream_TLS_SCHEMA = stream.TLS_SCHEMA
local stream_UNIX_SCHEMA = stream.UNIX_SCHEMA
local syslog = require("resty.openclaw.post_action.sinks.syslog")
local syslog_SCHEMA = syslog.SCHEMA
local udp = require("resty.openclaw.post_action.sinks.udp")
local udp_SCHEMA = udp.SCHEMA
--- By the names in the option `type`.
local TYPES = {
    file = {schema = file_SCHEMA, create = file.new},
    http = {schema = http_SCHEMA, check = http.check, create = http.new},
    redis_stream = {schema = redis_stream_SCHEMA, check = redis_stream.check, create = redis_stream.new},
    syslog = {schema = syslog_SCHEMA, check = syslog.check, create = syslog.new},
    tcp = {schema = stream_TCP_SCHEMA, create = stream.tcp},
    tls = {schema = stream_TLS_SCHEMA, create = stream.tls},
    udp = {schema = udp_SCHEMA, check = udp.check, create = udp.new},
    unix = {schema = stream_UNIX_SCHEMA, create = stream.unix}
}
____exports.TYPES = TYPES
local TYPE = kinds_one_of(unpack(names_sorted(TYPES)))
--- The options of a sink: its type, and those that the type has.
local SINK = {
    name = "table",
    read = function(given, path, problems)
        local nothing = {type = "", values = nil}
        if type(given) ~= "table" then
            problem_add_no_table(problems, path, "a table", given)
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
            problem_child(path, "type"),
            problems
        )
        local found = TYPES[name]
        if found == nil then
            return nothing
        end
        local ____opt_0 = found.check
        if ____opt_0 ~= nil then
            ____opt_0(options, path, problems)
        end
        return {
            type = name,
            values = schemas_read(found.schema, options, path, problems)
        }
    end
}
____exports.SINK = SINK
--- Whether sinks of a type have this option; for an unknown type whether any sinks have it. Phases: init.
local function have(option, sink_type)
    if option == "type" then
        return true
    end
    local known = TYPES[sink_type or ""]
    if known ~= nil then
        return known.schema[option] ~= nil
    end
    for ____, ____temp_2 in pairs(TYPES) do
        local schema
        schema = ____temp_2.schema
        if schema[option] ~= nil then
            return true
        end
    end
    return false
end
____exports.have = have
--- The sink with these options. `path`: the path of their table, for errors. Phases: init. Raises where options contradict each other, or
-- something that the sink needs is missing.
local function create(____bindingPattern0, path)
    local values
    local name
    name = ____bindingPattern0.type
    values = ____bindingPattern0.values
    return TYPES[name].create(values, path)
end
____exports.create = create
--- A sink for refused entries: the dead-letter file at this path. Phases: init.
local function create_dead_letter(path)
    return file_new({path = path})
end
____exports.create_dead_letter = create_dead_letter
return ____exports
