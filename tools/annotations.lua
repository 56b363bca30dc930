--- Annotations for the Lua language server: classes for the tables that users write, so that editors complete and check them.
-- They come from the schemas in the sources. `make docs` writes types/lua/options.lua; spec/annotations_spec.lua says whether
-- it differs. The other files in types/lua are written by hand.
local schemas = require("resty.openclaw.config.schema")
local option_tables = require("tools.option_tables")

local _M = { PATH = "types/lua/options.lua" }

local HEAD = {
    "---@meta",
    "",
    "-- The tables of options that users write, from the sources. Written by tools/annotations.lua: do not edit.",
}

--- Names of kinds, as the tables in docs have them, that are strings to Lua; of all others the first letters tell.
local STRINGS =
    { string = true, path = true, host = true, method = true, ["variable name"] = true, ["variable name with `$`"] = true, ["header name"] = true, URL = true }

--- The types of kinds whose names do not show them.
local NAMED = {
    ["`false`, string or list of string"] = "false|string|string[]",
    ["boolean or list of string"] = "boolean|string[]",
    ["string, number or list"] = "string|integer|(string|integer)[]",
    duration = "number|string",
    ["list of JSON path"] = "string[]",
    ["list of statuses, 400 to 599"] = "integer[]",
    ["list of rising numbers > 0"] = "number[]",
}

--- The types of options of nested tables whose kinds do not show them, by class.
local NESTED = {
    ["openclaw.Route.auth.jwt"] = { classes = "table<string, string>", headers = "table<string, string>" },
    ["openclaw.Route.image.remote"] = { dns_servers = "string[]" },
    ["openclaw.Route.cache"] = { negative = "table<integer, number|string>" },
    ["openclaw.Setup.metrics"] = { labels = "table<string, table<integer|string, string|string[]>>" },
}

--- The Lua type of a kind by its name.
local function type_of(name)
    if STRINGS[name] or name:find("^string, up to") then return "string" end
    if NAMED[name] then return NAMED[name] end
    if name == "boolean" or name == "function" or name == "table" then return name end
    if name:find("^whole number") then return "integer" end
    if name:find("^number") then return "number" end
    local entry = name:match("^list of (.+)$")
    if entry then
        local of_entry = type_of(entry)
        return of_entry:find("|", 1, true) and "(" .. of_entry .. ")[]" or of_entry .. "[]"
    end
    local other = name:match("^`false` or (.+)$")
    if other then return "false|" .. type_of(other) end
    if name:find('^`"') then
        local words = {}
        for word in name:gmatch('`("[^"`]*")`') do words[#words + 1] = word end
        return table.concat(words, "|")
    end
    return "any"
end

--- A link in a description is one of a page of docs.
local function plain(meaning)
    return (meaning:gsub("%[([^%]]+)%]%([^)]*%)", "%1"))
end

local add_class

--- The type of an option, and the class of its table where it is one.
local function type_of_option(lines, class, name, option, known)
    if known[name] then return known[name] end
    local kind = option.kind
    if not kind.schema then return type_of(kind.name) end
    local nested = class .. "." .. name
    add_class(lines, nested, kind.schema, NESTED[nested] or {})
    return (kind.name:find("^`false`") and "false|" or "") .. nested
end

--- Adds the class of a schema, after those of the tables within. `known`: types of options that are not to be told by their
-- kinds.
function add_class(lines, class, schema, known)
    local own = { "", "---@class " .. class }
    for _, name in ipairs(schemas.names(schema)) do
        local option = schema[name]
        local its_type = type_of_option(lines, class, name, option, known)
        own[#own + 1] = ("---@field %s%s %s %s"):format(name, option.is_required and "" or "?", its_type, plain(option.meaning))
    end
    for _, line in ipairs(own) do lines[#lines + 1] = line end
end

--- Adds the class of a node that is given as a table.
local function add_node(lines)
    local node = {
        "",
        "---@class openclaw.Node",
        "---@field [1]? string the address or name",
        "---@field address? string the same, if it is not the first entry of the table",
    }
    for _, line in ipairs(node) do lines[#lines + 1] = line end
    local own = {}
    add_class(own, "openclaw.Node", require("resty.openclaw.balancer.nodes_option").SCHEMA, {})
    for place = 3, #own do lines[#lines + 1] = own[place] end
end

--- Adds the class of an entry of the option `buckets`.
local function add_bucket(lines)
    for _, line in ipairs({
        "",
        "---@class openclaw.Bucket",
        "---@field below_seconds number the weight is for nodes with a lower latency",
        "---@field weight number the factor of the node's static weight",
    }) do
        lines[#lines + 1] = line
    end
end

--- All options of all types of sinks, in the order of types: a list of entries with `name`, `option`, `types` and `is_everywhere`.
local function sink_options(names)
    local types, found, entries = require("resty.openclaw.post_action.sinks").TYPES, {}, {}
    for _, its_type in ipairs(names) do
        for _, name in ipairs(schemas.names(types[its_type].schema)) do
            local entry = found[name]
            if not entry then
                entry = { name = name, option = types[its_type].schema[name], types = {} }
                found[name] = entry
                entries[#entries + 1] = entry
            end
            entry.types[#entry.types + 1] = its_type
        end
    end
    return entries
end

--- Adds the class of a sink: its type, its name, and the options of all types, each with the types that have it.
local function add_sink(lines)
    local names, literals = {}, {}
    for name in pairs(require("resty.openclaw.post_action.sinks").TYPES) do names[#names + 1] = name end
    table.sort(names)
    for place, name in ipairs(names) do literals[place] = '"' .. name .. '"' end
    local settings = require("resty.openclaw.post_action.settings")
    local own = {
        "",
        "---@class openclaw.Sink",
        "---@field type " .. table.concat(literals, "|") .. " what the sink is",
        "---@field name? string " .. plain(settings.NAME.meaning),
        "---@field dead_letter? string " .. plain(settings.DEAD_LETTER.meaning),
    }
    local known = { hosts = "string[]", headers = "table<string, string>" }
    for _, entry in ipairs(sink_options(names)) do
        local its_type = type_of_option(lines, "openclaw.Sink", entry.name, entry.option, known)
        local of_types = #entry.types == #names and "" or " (" .. table.concat(entry.types, ", ") .. ")"
        own[#own + 1] = ("---@field %s? %s %s%s"):format(entry.name, its_type, plain(entry.option.meaning), of_types)
    end
    for _, line in ipairs(own) do lines[#lines + 1] = line end
end

--- The text of the file.
function _M.render()
    local lines = {}
    for place, line in ipairs(HEAD) do lines[place] = line end
    add_class(lines, "openclaw.HealthCheck", require("resty.openclaw.balancer.health_check.options").SCHEMA, {})
    add_class(lines, "openclaw.Dns", require("resty.openclaw.balancer.discovery.settings").SCHEMA, { servers = "string[]" })
    local queue = require("resty.openclaw.balancer.waiting_room.settings")
    add_class(lines, "openclaw.QueueClass", queue.CLASS_SCHEMA, {})
    add_class(lines, "openclaw.Queue", queue.SCHEMA, { concurrency = '"learned"|integer', classes = "table<string, openclaw.QueueClass>" })
    add_node(lines)
    add_bucket(lines)
    add_class(lines, "openclaw.Upstream", require("resty.openclaw.balancer.options").SCHEMA, {
        nodes = "(string|openclaw.Node)[]",
        buckets = "openclaw.Bucket[]",
        queue = "openclaw.Queue",
        health_check = "openclaw.HealthCheck",
        dns = "openclaw.Dns",
    })
    add_sink(lines)
    add_class(lines, "openclaw.Log", require("resty.openclaw.gateway.logs").SCHEMA, {
        sinks = "openclaw.Sink[]",
        record_variables = "table<string, string>",
    })
    add_class(lines, "openclaw.Limit", require("resty.openclaw.limit.settings").SCHEMA, {
        class = "table<string, { rate: number, burst?: integer, delay?: integer }>",
    })
    add_class(lines, "openclaw.Route", require("resty.openclaw.gateway.routes").schema_of(option_tables.declarations()), {
        plugins = "openclaw.Instance[]",
        limit = "openclaw.Limit[]",
        bandwidth = "table<string, string>",
    })
    add_class(lines, "openclaw.Setup", require("resty.openclaw.gateway.builder").SCHEMA, {
        upstreams = "table<string, openclaw.Upstream>",
        routes = "table<string, openclaw.Route>",
        log = "openclaw.Log",
        plugins = "openclaw.Declaration[]",
    })
    return table.concat(lines, "\n") .. "\n"
end

--- Writes the file anew where it differs, and says so.
function _M.write(folder)
    option_tables.replace(folder .. "/" .. _M.PATH, _M.render())
end

return _M
