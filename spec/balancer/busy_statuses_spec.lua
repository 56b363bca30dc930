local busy_statuses = require("resty.openclaw.balancer.busy_statuses")

describe("balancer.busy_statuses", function()
    local function is_busy(options, status, retry_after)
        return busy_statuses.is_busy(busy_statuses.statuses("test", options), status, retry_after)
    end

    it("takes 503 with a legal Retry-After for busy, and no other failure", function()
        assert.is_true(is_busy({}, "503", "7"))
        assert.is_true(is_busy({}, "503", "Fri, 01 Jan 2100 00:00:00 GMT"))
        for _, given in ipairs({ "soon", "", "-1", "1.5", "7 s" }) do assert.is_false(is_busy({}, "503", given), given) end
        assert.is_false(is_busy({}, "503", nil))
        for _, status in ipairs({ "200", "429", "500", "502", "529", "-", "" }) do
            assert.is_false(is_busy({}, status, "7"), status)
        end
    end)

    it("takes what the option lists: 4xx in any case, 5xx with Retry-After", function()
        local options = { busy_statuses = { 429, 529 } }
        assert.is_true(is_busy(options, "429", nil))
        assert.is_true(is_busy(options, "429", "7"))
        assert.is_true(is_busy(options, "529", "7"))
        assert.is_false(is_busy(options, "529", nil))
        assert.is_false(is_busy(options, "503", "7"))
        assert.is_false(is_busy({ busy_statuses = {} }, "503", "7"))
    end)

    it("refuses what is no list of statuses", function()
        for _, wrong in ipairs({ 429, "429", { "429" }, { 200 }, { 600 }, { 429.5 }, { 429, {} }, { 0 / 0 } }) do
            local ok, err = pcall(busy_statuses.statuses, "test", { busy_statuses = wrong })
            assert.is_false(ok)
            assert.matches('^test: "busy_statuses" must be a list of statuses from 400 to 599, got ', err)
        end
    end)
end)
