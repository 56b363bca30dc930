--- The tables of options in the documents, from the schemas in the sources: what stands between two markers of a page
-- is replaced. The markers are lines of their own:
--
--     <!-- options of MODULE -->           the options of resty.openclaw.MODULE, of "setup", or of "a route"
--     <!-- options of MODULE FIELD -->     those of a schema that it exports under that name
--     <!-- order of plugins -->            in which order the plugins of a route run in each phase
--     <!-- end of options -->              the end of each of these
--
-- `make docs` rewrites the pages; spec/option_tables_spec.lua says which page differs.
local schemas = require("resty.openclaw.config.schema")

local _M = {}

local HEAD = { "| option | type | default | meaning |", "| --- | --- | --- | --- |" }

--- A number, in as few digits as say it.
local function number(value) return string.format("%.14g", value) end

local function in_code(text) return "`" .. text .. "`" end

--- How a value is written in Lua.
local function literal(value)
    if type(value) == "number" then return number(value) end
    if type(value) == "string" then return '"' .. value .. '"' end
    if type(value) ~= "table" then return tostring(value) end
    local entries = {}
    for place, entry in ipairs(value) do entries[place] = literal(entry) end
    return #entries == 0 and "{}" or "{ " .. table.concat(entries, ", ") .. " }"
end

--- What the table has as the default of an option.
local function default_of(option)
    if option.is_required then return "required" end
    if option.default_text then return option.default_text end
    local value = option.fallback
    -- Where a list is empty none can be given, as a rule; a table of options can.
    if value == nil or (type(value) == "table" and next(value) == nil and not option.kind.schema) then return "none" end
    if type(value) == "string" or type(value) == "table" then return in_code(literal(value)) end
    return literal(value)
end

--- A cell must not end where its text has a bar.
local function cell(text) return (text:gsub("|", "\\|")) end

local function add_rows(rows, schema, path, is_deep)
    for _, name in ipairs(schemas.names(schema)) do
        local option = schema[name]
        local cells = { in_code(path .. name), cell(option.kind.name), cell(default_of(option)), cell(option.meaning) }
        rows[#rows + 1] = "| " .. table.concat(cells, " | ") .. " |"
        if is_deep and option.kind.schema then add_rows(rows, option.kind.schema, path .. name .. ".", true) end
    end
end

--- The table of a schema, line by line. `is_deep`: with the options of options that are tables, as `sign.key_file`.
function _M.render(schema, is_deep)
    local rows = { HEAD[1], HEAD[2] }
    add_rows(rows, schema, "", is_deep)
    return rows
end

--- The declarations of all plugins that a route may have, whatever `log` says.
function _M.declarations()
    local all = {}
    for _, declaration in ipairs(require("resty.openclaw.gateway.registry").PLUGINS) do all[#all + 1] = declaration end
    local recording = require("resty.openclaw.gateway.recording")
    for _, declaration in ipairs(recording.declarations({}, {}, { seconds = 1, lines_per_minute = 1 })) do
        all[#all + 1] = declaration
    end
    return all
end

--- The options of a module: in a field, or without its name those of the module alone, where they are others
-- than those in `setup`.
local function schema_of(name, field)
    local module = require("resty.openclaw." .. name)
    if field ~= "" then return module[field] or error("resty.openclaw." .. name .. " has no " .. field, 0) end
    local schema = module.ALONE_SCHEMA or module.SCHEMA or (module.plugin and module.plugin.option.kind.schema)
    return schema or error("resty.openclaw." .. name .. " has no schema", 0)
end

--- The table of a marker's words.
local function options_of(what)
    -- Each of these has a page of its own for what is within.
    if what == "setup" then return _M.render(require("resty.openclaw.gateway.builder").SCHEMA) end
    if what == "a route" then return _M.render(require("resty.openclaw.gateway.routes").schema_of(_M.declarations())) end
    return _M.render(schema_of(what:match("^(%S+) ?(%S*)$")), true)
end

--- The plugins that have a number in a phase, as `edge` (100), in the order in which they run.
local function order_in(phase)
    local taking_part = {}
    for _, declaration in ipairs(_M.declarations()) do
        if declaration.order[phase] then taking_part[#taking_part + 1] = declaration end
    end
    -- Those with the same number run as they are declared; table.sort would mix them.
    for last = 2, #taking_part do
        local at = last
        while at > 1 and taking_part[at - 1].order[phase] > taking_part[at].order[phase] do
            taking_part[at - 1], taking_part[at] = taking_part[at], taking_part[at - 1]
            at = at - 1
        end
    end
    local shown = {}
    for place, declaration in ipairs(taking_part) do
        shown[place] = in_code(declaration.name) .. " (" .. number(declaration.order[phase]) .. ")"
    end
    return #shown == 0 and "none" or table.concat(shown, ", ")
end

--- Which plugin runs when, phase by phase.
local function order_of_plugins()
    local rows = { "| phase | plugins, in their order |", "| --- | --- |" }
    for _, phase in ipairs(require("resty.openclaw.gateway.contract").PHASES) do
        rows[#rows + 1] = "| " .. in_code(phase) .. " | " .. order_in(phase) .. " |"
    end
    return rows
end

--- The table that belongs below a line; nothing where the line is no marker.
local function table_below(line)
    local what = line:match("^<!%-%- options of (.+) %-%->$")
    if what then return options_of(what) end
    if line == "<!-- order of plugins -->" then return order_of_plugins() end
end

--- A page with its tables made anew, and how many those are. Raises where a marker has no end.
function _M.renew(page)
    local lines, tables, is_within = {}, 0, false
    for line in page:gmatch("([^\n]*)\n") do
        if line == "<!-- end of options -->" then
            assert(is_within, "an end of options without a beginning")
            is_within = false
        end
        if not is_within then lines[#lines + 1] = line end
        local rows = not is_within and table_below(line)
        if rows then
            is_within = true
            tables = tables + 1
            -- A comment and a table that follows at once would be one piece of HTML to Markdown.
            lines[#lines + 1] = ""
            for _, row in ipairs(rows) do lines[#lines + 1] = row end
            lines[#lines + 1] = ""
        end
    end
    assert(not is_within, "options without an end")
    return table.concat(lines, "\n") .. "\n", tables
end

--- All of a file.
function _M.read(path)
    local file = assert(io.open(path, "r"))
    local text = file:read("*a")
    file:close()
    return text
end

--- Writes a file where its text differs, and says so.
function _M.replace(path, text)
    local present = io.open(path, "r")
    local is_same = present and present:read("*a") == text
    if present then present:close() end
    if is_same then return end
    local file = assert(io.open(path, "w"))
    assert(file:write(text))
    assert(file:close())
    -- What nginx makes of print goes to the log.
    io.stdout:write(path, "\n")
end

--- The paths of the pages in a folder.
function _M.pages(folder)
    local pipe = assert(io.popen("ls '" .. folder .. "'/*.md"))
    local paths = {}
    for path in pipe:lines() do paths[#paths + 1] = path end
    pipe:close()
    return paths
end

--- Writes the pages of a folder anew where they differ, and says so.
function _M.write(folder)
    for _, path in ipairs(_M.pages(folder)) do _M.replace(path, (_M.renew(_M.read(path)))) end
end

return _M
