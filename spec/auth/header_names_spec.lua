local header_names = require("resty.openclaw.auth.header_names")
local read_option = require("spec.support.read_option")

local function refusal(name)
    local ok, message = pcall(read_option, header_names.KIND, name, "header")
    assert.is_false(ok, tostring(name))
    return message
end

describe("auth.header_names", function()
    it("knows nginx's variable of a header", function()
        assert.equal("http_x_api_key", header_names.variable_of("X-API-Key"))
        assert.equal("http_x", header_names.variable_of("x"))
    end)

    it("takes names that nginx and nodes read alike", function()
        for _, name in ipairs({ "X-User", "x", "X2-User", "A-B-C-D-E-F" }) do
            assert.equal(name, read_option(header_names.KIND, name, "header"))
        end
        for _, name in ipairs({ "", "X_User", "X User", "X:User", "-X", "2X", "X\n", "X-User\0", "Ä", "A-B-C-D-E-F-G" }) do refusal(name) end
        for _, value in ipairs({ 1, true, {} }) do refusal(value) end
        local expected = "header must be the name of a header, with at most 5 hyphens, that neither HTTP nor the gateway uses itself, got nothing"
        assert.equal(expected, refusal(nil))
    end)

    it("takes none that has another meaning", function()
        for _, name in ipairs({ "Authorization", "COOKIE", "host", "Content-Length", "Content-Type", "transfer-encoding", "Connection", "Upgrade", "X-OpenClaw-Identity", "x-openclaw-delivery", "X-Real-IP", "X-Forwarded-For", "X-Request-Id", "traceparent" }) do
            refusal(name)
        end
    end)
end)
