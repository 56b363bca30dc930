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
local STRINGS = { string = true, path = true, host = true, method = true, ["variable name"] = true, ["header name"] = true }

--- The Lua type of a kind by its name.
local function type_of(name)
    if STRINGS[name] then return "string" end
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
    add_class(lines, nested, kind.schema, {})
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

--- The text of the file.
function _M.render()
    local lines = {}
    for place, line in ipairs(HEAD) do lines[place] = line end
    add_class(lines, "openclaw.HealthCheck", require("resty.openclaw.balancer.health_check.options").SCHEMA, {})
    add_class(lines, "openclaw.Dns", require("resty.openclaw.balancer.discovery.settings").SCHEMA, {})
    add_class(lines, "openclaw.Upstream", require("resty.openclaw.balancer.options").SCHEMA, {
        nodes = "(string|table)[]",
        health_check = "openclaw.HealthCheck",
        dns = "openclaw.Dns",
    })
    add_class(lines, "openclaw.Route", require("resty.openclaw.gateway.routes").schema_of(option_tables.declarations()), {})
    add_class(lines, "openclaw.Setup", require("resty.openclaw.gateway.builder").SCHEMA, {
        upstreams = "table<string, openclaw.Upstream>",
        routes = "table<string, openclaw.Route>",
        plugins = "openclaw.Declaration[]",
    })
    return table.concat(lines, "\n") .. "\n"
end

--- Writes the file anew where it differs, and says so.
function _M.write(folder)
    local path, text = folder .. "/" .. _M.PATH, _M.render()
    local present = io.open(path, "r")
    local same = present and present:read("*a") == text
    if present then present:close() end
    if same then return end
    local file = assert(io.open(path, "w"))
    assert(file:write(text))
    assert(file:close())
    -- What nginx makes of print goes to the log.
    io.stdout:write(_M.PATH, "\n")
end

return _M
