local bandwidth = require("resty.openclaw.bandwidth")
local request = require("resty.openclaw.core.request.request")

describe("bandwidth", function()
    it("sets nginx's limit by the caller's class", function()
        local get, set = request.variable, request.set_variable
        local class, told
        request.variable = function(name) return name == "openclaw_class" and class or nil end
        request.set_variable = function(name, text) told = name .. "=" .. text end
        local plugin = bandwidth.new({ standard = "128k", vip = "1m" })
        local found = {}
        for _, name in ipairs({ "standard", "vip", "other", "" }) do
            class, told = name, nil
            plugin:access()
            found[#found + 1] = told or "none"
        end
        request.variable, request.set_variable = get, set
        assert.same({ "limit_rate=128k", "limit_rate=1m", "none", "none" }, found)
    end)

    it("shows what is expected", function()
        local _, err = pcall(bandwidth.new, "128k")
        assert.equal('bandwidth must be a table, such as { standard = "128k" }, got a string', err)
        _, err = pcall(bandwidth.new, { "128k" })
        assert.equal('bandwidth must be a table whose keys are names, such as { standard = "128k" }, got a list', err)
    end)

    it("takes sizes as nginx writes them", function()
        for _, size in ipairs({ "1", "128k", "2M", "999999999" }) do bandwidth.new({ standard = size }) end
        for _, size in ipairs({ "0", "-1", "1g", "128 k", "", "1000000000", "k" }) do
            local ok, err = pcall(bandwidth.new, { vip = size })
            assert.is_false(ok, size)
            assert.equal(('bandwidth.vip must be bytes per second as nginx writes sizes, such as "128k" or "1m", got "%s"'):format(size), err)
        end
    end)
end)
