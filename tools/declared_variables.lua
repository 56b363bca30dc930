--- The variables that the gateway and its plugins set, as nginx/openclaw.conf declares them: what stands between two markers
-- of that file is replaced, from the declarations in the sources. `make docs` rewrites it; spec/gateway/variables_spec.lua
-- says whether it differs.
local option_tables = require("tools.option_tables")
local gateway = require("resty.openclaw.gateway.variables").OWN

local _M = { PATH = "nginx/openclaw.conf" }

local BEGIN, END = "# Variables of the gateway and its plugins; written by make docs.", "# End of the variables."

--- All declarations of variables: names to what they hold until a plugin sets them.
function _M.all()
    local all = {}
    local function add(variables)
        for name, value in pairs(variables) do all[name] = value end
    end
    add(gateway)
    for _, declaration in ipairs(option_tables.declarations()) do add(declaration.variables) end
    return all
end

--- The lines that declare them.
local function lines_of(variables)
    local names, longest = {}, 0
    for name in pairs(variables) do
        names[#names + 1] = name
        longest = math.max(longest, #name)
    end
    table.sort(names)
    local lines = {}
    for place, name in ipairs(names) do
        lines[place] = ('map "" $%s%s { default "%s"; }'):format(name, (" "):rep(longest - #name), variables[name])
    end
    lines[#lines + 1] = "# nginx lets a variable be set only if some directive uses it; this one uses all."
    lines[#lines + 1] = ('map "" $openclaw_used { default "$%s"; }'):format(table.concat(names, "$"))
    return lines
end

--- The file's text with its variables made anew. Raises where it has no markers.
function _M.renew(text)
    local before, after = text:find(BEGIN, 1, true), text:find(END, 1, true)
    assert(before and after and before < after, _M.PATH .. " has no markers of variables")
    return text:sub(1, before - 1) .. BEGIN .. "\n" .. table.concat(lines_of(_M.all()), "\n") .. "\n" .. text:sub(after)
end

--- The file as it is, and as it should be.
function _M.compare(folder)
    local text = option_tables.read(folder .. "/" .. _M.PATH)
    return text, _M.renew(text)
end

--- Writes it anew where it differs, and says so.
function _M.write(folder)
    local _, renewed = _M.compare(folder)
    option_tables.replace(folder .. "/" .. _M.PATH, renewed)
end

return _M
