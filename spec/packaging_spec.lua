-- What OPM and LuaRocks are told, against what there is. Paths are relative to nginx's prefix, the scratch folder.
local ROOT = ngx.config.prefix()

local function lines_of(command)
    local pipe = assert(io.popen(command))
    local lines = {}
    for line in pipe:lines() do lines[#lines + 1] = line end
    pipe:close()
    return lines
end

local function read(name)
    local file = assert(io.open(ROOT .. name, "r"))
    local text = file:read("*a")
    file:close()
    return text
end

--- The one rockspec, and its file name.
local function rockspec()
    local names = lines_of("cd '" .. ROOT .. "' && ls *.rockspec")
    assert.equal(1, #names)
    local fields = {}
    setfenv(assert(loadfile(ROOT .. names[1])), fields)()
    return fields, names[1]
end

local function dist()
    local fields = {}
    for line in read("dist.ini"):gmatch("[^\n]+") do
        if line:sub(1, 1) ~= "#" then
            local key, value = line:match("^([%w_]+) = (.+)$")
            assert(key and not fields[key], line)
            fields[key] = value
        end
    end
    return fields
end

local function exists(path)
    return #lines_of("ls -d '" .. ROOT .. path .. "' 2>/dev/null") == 1
end

describe("the rockspec", function()
    it("has every module of lua-out, and no other", function()
        local expected = {}
        for _, path in ipairs(lines_of("cd '" .. ROOT .. "' && find lua-out -name '*.lua'")) do
            expected[path:match("^lua%-out/(.+)%.lua$"):gsub("/", ".")] = path
        end
        assert.is_string(expected["resty.openclaw"])
        assert.is_string(expected["nginx.metric"])
        assert.same(expected, (rockspec().build.modules))
    end)

    it("needs nothing that the platform has and LuaRocks does not know of", function()
        assert.same({ "lua >= 5.1, < 5.2" }, (rockspec().dependencies))
    end)

    it("names folders that exist", function()
        for _, folder in ipairs(rockspec().build.copy_directories) do assert.is_true(exists(folder), folder) end
    end)
end)

describe("dist.ini", function()
    it("has what OPM asks for", function()
        local fields = dist()
        for _, key in ipairs({ "name", "abstract", "author", "license", "is_original", "repo_link" }) do
            assert.is_string(fields[key], key)
        end
        assert.equal("mit", fields.license)
    end)

    it("names files that exist", function()
        local fields = dist()
        for _, key in ipairs({ "lib_dir", "doc_dir", "main_module" }) do assert.is_true(exists(fields[key]), key) end
    end)
end)

describe("the version", function()
    local version = require("resty.openclaw").VERSION

    it("stands in the main module as OPM looks for it", function()
        local _, count = read(dist().main_module):gsub('[%w_.]*VERSION = "' .. version:gsub("%.", "%%.") .. '"\n', "")
        assert.equal(1, count)
    end)

    it("is the same everywhere", function()
        local spec, name = rockspec()
        local package = require("cjson").decode(read("package.json"))
        assert.equal(package.version, version)
        assert.equal(require("resty.openclaw.core.process.version").VERSION, version)
        assert.equal(version .. "-1", spec.version)
        assert.equal("v" .. version, spec.source.tag)
        assert.equal(package.name .. "-" .. spec.version .. ".rockspec", name)
        local written = dist().version
        assert.is_true(written == nil or written == version)
        assert.truthy(read("Changes.md"):find("\n## " .. version .. ",", 1, true))
    end)

    it("belongs to one package", function()
        local package = require("cjson").decode(read("package.json"))
        assert.equal(package.name, dist().name)
        assert.equal(package.name, rockspec().package)
    end)
end)
