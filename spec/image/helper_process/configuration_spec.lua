local configuration = require("resty.openclaw.image.helper_process.configuration")

--- What the memory map of a process says of the pages of these files.
local function map_of(...)
    local lines = {}
    for number, name in ipairs({ ... }) do
        lines[number] = ("7f0000%06x-7f0000%06x r-xp 00000000 fe:00 %d   %s\n"):format(number, number + 1, number, name)
    end
    return table.concat(lines)
end

--- What the program is told to load, if that is its memory map.
local function directives(map)
    local open = io.open
    io.open = function() return { read = function() return map end, close = function() end } end
    local ok, text = pcall(configuration.load_directives)
    io.open = open
    assert(ok, text)
    return text
end

describe("the configuration of a helper process", function()
    local path = package.path

    after_each(function() package.path = path end)

    it("loads the modules that the worker has", function()
        local lua, ndk = "/usr/lib/nginx/modules/ngx_http_lua_module.so", "/usr/lib/nginx/modules/ndk_http_module.so"
        assert.same(("load_module %s; load_module %s; "):format(ndk, lua), directives(map_of("[heap]", lua, lua, ndk)))
        assert.same("", directives(map_of("/usr/local/openresty/nginx/sbin/nginx")))
    end)

    it("loads the new file of a module that was replaced", function()
        local lua = "/usr/lib/nginx/modules/ngx_http_lua_module.so"
        assert.same(("load_module %s; "):format(lua), directives(map_of(lua .. " (deleted)")))
        assert.same("", directives(map_of("/tmp/other.so (deleted)")))
    end)

    it("finds modules of Lua in folders with odd names", function()
        package.path = [[/srv/a$b "c" \d/?.lua]]
        assert.truthy(configuration.text("/tmp/a/b", "/tmp/a"):find([[lua_package_path "/srv/a$b \"c\" \\d/?.lua";]], 1, true))
    end)
end)
