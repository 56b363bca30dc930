local findings = require("resty.openclaw.cache.stream_end.findings")

local function after(name, text, is_text)
    local found = findings.new()
    found:value(name, text, is_text)
    return found.is_failed and "failed" or found.says_end and "last" or "nothing"
end

describe("cache.stream_end.findings", function()
    it("knows types, errors and outcomes", function()
        assert.equal("last", after("type", "message_stop", true))
        assert.equal("last", after("type", "response.completed", true))
        assert.equal("nothing", after("entry_type", "message_stop", true))
        for _, failed in ipairs({ "error", "response.failed", "response.incomplete", "response.cancelled" }) do
            assert.equal("failed", after("type", failed, true))
            assert.equal("failed", after("entry_type", failed, true))
        end
        assert.equal("failed", after("outcome", "abort", true))
        assert.equal("nothing", after("outcome", "stop", true))
        assert.equal("failed", after("error", "null", true))
        assert.equal("nothing", after("error", "null", false))
        assert.equal("nothing", after("type", "ping", true))
    end)

    it("takes the type of a line as that of JSON", function()
        local found = findings.new()
        findings.take_type(found, "ping")
        assert.is_false(found.says_end)
        findings.take_type(found, "message_stop")
        assert.is_true(found.says_end)
        findings.take_type(found, "error")
        assert.is_true(found.is_failed)
    end)
end)
