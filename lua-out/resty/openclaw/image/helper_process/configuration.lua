local ____exports = {}
local ipairs = ipairs
local string_find = string.find
local string_format = string.format
local string_gmatch = string.gmatch
local string_gsub = string.gsub
local string_sub = string.sub
local table_concat = table.concat
--- Lua's table `package`.
local lua_package = _G.package
local MODULES = {"ndk_http_module.so", "ngx_http_lua_module.so"}
--- What the map says of a file that was replaced since, by a newer package for instance.
local REPLACED = " (deleted)"
--- The file of a library that this process has, by its name at the end of a line of its memory map.
local function library_in(line, name)
    local is_replaced = string_sub(line, -#REPLACED) == REPLACED
    local its_line = is_replaced and string_sub(line, 1, -#REPLACED - 1) or line
    if string_sub(its_line, -#name) ~= name then
        return nil
    end
    local slash = string_find(its_line, "/", 1, true)
    local ____temp_0
    if slash == nil then
        ____temp_0 = nil
    else
        ____temp_0 = string_sub(its_line, slash)
    end
    return ____temp_0
end
--- What the option -g has to say so that the program has the modules that this process has; nothing where they are built in. Phases: any.
local function load_directives()
    local file = io.open("/proc/self/maps", "r")
    if file == nil then
        return ""
    end
    local maps = file:read("*a") or ""
    file:close()
    local directives = ""
    for ____, name in ipairs(MODULES) do
        local path
        for line in string_gmatch(maps, "[^\n]+") do
            if path == nil then
                path = library_in(line, name)
            end
        end
        if path ~= nil then
            directives = directives .. ("load_module " .. path) .. "; "
        end
    end
    return directives
end
____exports.load_directives = load_directives
--- Text as nginx reads it in these directives, where a dollar sign is one.
local function quoted(text)
    local escaped = string_gsub(text, "[\\\\\"]", "\\%0")
    return ("\"" .. escaped) .. "\""
end
--- What a helper at that path in that folder is to do: the text of its nginx.conf. Phases: any.
function ____exports.text(path, folder)
    local call = string_format("serve(%q, %q)", path, folder)
    local lines = {
        "daemon off;",
        "master_process off;",
        "pid /dev/null;",
        "events {}",
        "http {",
        "access_log off;",
        ("lua_package_path " .. quoted(lua_package.path)) .. ";",
        ("lua_package_cpath " .. quoted(lua_package.cpath)) .. ";",
        ("init_by_lua_block { require(\"resty.openclaw.image.helper_process.helper\")." .. call) .. " }",
        "}",
        ""
    }
    return (table_concat(lines, "\n"))
end
return ____exports
