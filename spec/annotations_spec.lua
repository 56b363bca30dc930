--- The annotations in types/lua, against the modules that they describe.
local annotations = require("tools.annotations")
local option_tables = require("tools.option_tables")

local FOLDER = "types/lua/"

--- The paths of the files that are written by hand.
local function files()
    local pipe, paths = assert(io.popen("ls " .. ngx.config.prefix() .. FOLDER .. "*.lua")), {}
    for path in pipe:lines() do
        if not path:find("options.lua", 1, true) then paths[#paths + 1] = path end
    end
    pipe:close()
    return paths
end

describe("types/lua", function()
    it("has the options of the sources: else run make docs", function()
        assert.equal(annotations.render(), option_tables.read(ngx.config.prefix() .. annotations.PATH))
    end)

    it("knows the kinds of options", function()
        local text = annotations.render()
        for _, line in ipairs({
            '---@field policy? "xed"|"round_robin"|"least_conn"|"latency_buckets"|"consistent_hash" ',
            "---@field nodes (string|openclaw.Node)[] ",
            "---@field buckets? openclaw.Bucket[] ",
            "---@field busy_statuses? integer[] ",
            "---@field log? openclaw.Log ",
            "---@field sinks? openclaw.Sink[] ",
            '---@field type "file"|"http"|"redis_stream"|"syslog"|"tcp"|"tls"|"udp"|"unix" ',
            "---@field through string ",
            "---@field health_check? openclaw.HealthCheck ",
            "---@field sign? openclaw.Route.identity.sign ",
            "---@field slow_log? false|openclaw.Route.slow_log ",
            '---@field content_types? ("image/jpeg"|"image/png"|"image/gif"|',
            "---@field tries? integer ",
            "---@field record? boolean ",
            "---@field routes? table<string, openclaw.Route> ",
        }) do
            assert.truthy(text:find(line, 1, true), line)
        end
    end)

    it("has no option of an unknown type", function()
        for line in annotations.render():gmatch("[^\n]+") do
            assert.is_nil(line:match("^%-%-%-@field %S+ any"), line)
            assert.is_nil(line:match("^%-%-%-@field %S+ table "), line)
        end
    end)

    it("describes functions that there are", function()
        local count = 0
        for _, path in ipairs(files()) do
            local text = option_tables.read(path)
            local name = assert(text:match("^%-%-%-@meta (%S+)\n"), path)
            local module = require(name)
            local own = assert(text:match("\nreturn (%S+)\n$"), path)
            for described in text:gmatch("\nfunction " .. own .. "%.([%w_]+)%(") do
                assert.equal("function", type(module[described]), name .. "." .. described)
                count = count + 1
            end
            assert.is_function(loadfile(path))
        end
        assert.is_true(count > 25)
    end)

    it("describes the gateway and the kinds as a whole", function()
        local gateway = option_tables.read(ngx.config.prefix() .. FOLDER .. "openclaw.lua")
        for name, value in pairs(require("resty.openclaw")) do
            if type(value) == "function" then assert.truthy(gateway:find("function openclaw." .. name .. "(", 1, true), name) end
        end
        local plugin = option_tables.read(ngx.config.prefix() .. FOLDER .. "plugin.lua")
        for name, value in pairs(require("resty.openclaw.plugin").kind) do
            local described = type(value) == "function" and "function kinds." .. name .. "(" or "---@field " .. name .. " openclaw.Kind"
            assert.truthy(plugin:find(described, 1, true), name)
        end
        for name, value in pairs(require("resty.openclaw.plugin")) do
            if type(value) == "function" then assert.truthy(plugin:find("function plugin." .. name .. "(", 1, true), name) end
        end
        for _, method in ipairs({ "init_worker", "exit_worker", "status", "access", "body_filter", "log" }) do
            assert.truthy(plugin:find("---@field " .. method .. "? fun(self: table", 1, true), method)
        end
    end)
end)
