--- What plugins say that nginx.conf must declare, against the file that users include.
local declared_variables = require("tools.declared_variables")

describe("nginx/openclaw.conf", function()
    local text, renewed = declared_variables.compare(ngx.config.prefix())

    it("declares the variables of the gateway and of all plugins: else run make docs", function()
        assert.equal(renewed, text)
    end)

    it("gives each the value that its plugin wants, and uses all, so that nginx lets them be set", function()
        local count = 0
        for name, value in pairs(declared_variables.all()) do
            local default = text:match('\nmap "" $' .. name .. ' +{ default "([^"]*)"; }\n')
            assert.equal(value, default, name)
            assert.truthy(text:match("\nmap \"\" $openclaw_used { [^\n]+"):find("$" .. name, 1, true), name)
            count = count + 1
        end
        assert.is_true(count >= 20)
        assert.truthy(text:find('map "" $openclaw_cache_key +{ default "none%-$request_id"; }'))
    end)

    it("cannot be renewed without its markers", function()
        assert.has_error(function() declared_variables.renew("# nothing") end, "nginx/openclaw.conf has no markers of variables")
    end)
end)
