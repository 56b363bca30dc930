--- What plugins say that nginx.conf must declare, against the file that users include.
local recording = require("resty.openclaw.gateway.recording")
local registry = require("resty.openclaw.gateway.registry")

local function content(path)
    local file = assert(io.open(ngx.config.prefix() .. path, "r"))
    local text = file:read("*a")
    file:close()
    return text
end

local function declarations()
    local all = {}
    for _, declaration in ipairs(registry.PLUGINS) do all[#all + 1] = declaration end
    for _, declaration in ipairs(recording.declarations({}, {}, { seconds = 1, lines_per_minute = 1 })) do all[#all + 1] = declaration end
    return all
end

describe("nginx/openclaw.conf", function()
    it("declares the variables of all plugins, and uses them, so that nginx lets them be set", function()
        local conf = content("nginx/openclaw.conf")
        local used = conf:match('map "%$request_body_md5.-}')
        local count = 0
        for _, declaration in ipairs(declarations()) do
            for _, name in ipairs(declaration.variables) do
                assert.truthy(conf:find('map "" $' .. name .. " +{"), declaration.name .. ": " .. name)
                assert.truthy(used:find("$" .. name, 1, true), declaration.name .. ": " .. name)
                count = count + 1
            end
        end
        assert.is_true(count >= 15)
    end)
end)
