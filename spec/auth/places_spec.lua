local places = require("resty.openclaw.auth.places")
local read_option = require("spec.support.read_option")

-- How each place finds and removes credentials is in spec/auth_spec.lua, over real requests.
describe("auth.places", function()
    it("reads entries of the option", function()
        for _, entry in ipairs({ "header", "cookie:token", "cookie:api_key", "query:Token2" }) do
            assert.equal(entry, read_option(places.KIND, entry, "from[1]"))
        end
        for _, entry in ipairs({ "", "headers", "Header", "cookie", "cookie:", "cookie:a-b", "cookie:a b", "cookie:a;b", "query:a&b", "query:a=b", "body:token", "header:X", " query:a" }) do
            local ok, message = pcall(read_option, places.KIND, entry, "from[1]")
            assert.is_false(ok, entry)
            assert.equal(('from[1] must be "header", "cookie:NAME" or "query:NAME", got "%s"'):format(entry), message)
        end
        assert.is_false(pcall(read_option, places.KIND, 1, "from[1]"))
    end)

    it("knows nginx's variable of a header", function()
        assert.equal("http_x_api_key", places.header("X-API-Key").header.variable)
    end)
end)
