local caller_class = require("resty.openclaw.caller_class")
local read_option = require("spec.support.read_option")
local request = require("resty.openclaw.core.request.request")

local declaration = caller_class.plugin

describe("caller_class", function()
    local get, set = request.variable, request.set_variable
    local values, told

    before_each(function()
        values, told = {}, {}
        request.variable = function(name) return values[name] end
        request.set_variable = function(name, text)
            told[name] = text
            return true
        end
    end)

    after_each(function() request.variable, request.set_variable = get, set end)

    local function class_of(value)
        told = {}
        values.my_class = value
        declaration.create("$my_class", { path = "class", route = "r" }):access()
        return told.openclaw_class
    end

    it("is what the variable holds", function()
        assert.equal("vip", class_of("vip"))
        assert.equal("a.B-c_9", class_of("a.B-c_9"))
    end)

    it("stays as it is where the variable is empty", function()
        assert.is_nil(class_of(""))
        assert.is_nil(class_of(nil))
    end)

    it("is standard where the value is no name", function()
        for _, value in ipairs({ "a b", "vip\n", "vip\0", "ü", ("v"):rep(65) }) do assert.equal("standard", class_of(value)) end
        assert.equal(("v"):rep(64), class_of(("v"):rep(64)))
    end)

    it("comes from no variable that clients choose", function()
        for _, name in ipairs({ "$my_class", "$openclaw_tenant", "$ssl_client_s_dn", "$geoip_country" }) do
            assert.equal(name, read_option(declaration.option.kind, name, "class"))
        end
        local expected = 'class must be a variable of nginx.conf such as "$my_class", and none that a client chooses, such as $http_…, $arg_… or $cookie_…, got '
        for _, name in ipairs({ "$http_x_class", "$HTTP_x", "$arg_class", "$cookie_class", "$args", "$request_uri", "$uri", "$query_string", "my_class", "$", "" }) do
            local ok, err = pcall(read_option, declaration.option.kind, name, "class")
            assert.is_false(ok, name)
            assert.equal(expected .. '"' .. name .. '"', err)
        end
    end)
end)
