local busy_statuses = require("resty.openclaw.balancer.busy_statuses")
local read_option = require("spec.support.read_option")
local status_list = require("resty.openclaw.balancer.status_list")

describe("balancer.busy_statuses", function()
    local function is_busy(options, status, retry_after)
        local listed = read_option(status_list.STATUSES, options.busy_statuses or busy_statuses.DEFAULTS, "test")
        return busy_statuses.is_busy(status_list.of(listed), status, retry_after)
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
        local function refuses(sentence, wrong)
            local ok, err = pcall(read_option, status_list.STATUSES, wrong, "test")
            assert.is_false(ok)
            assert.equal("test" .. sentence, err)
        end
        refuses(" must be a list of statuses from 400 to 599, got 429", 429)
        refuses(" must be a list of statuses from 400 to 599, got a string", "429")
        refuses('[1] must be a status from 400 to 599, got "429"', { "429" })
        refuses("[1] must be a status from 400 to 599, got 200", { 200 })
        refuses("[1] must be a status from 400 to 599, got 600", { 600 })
        refuses("[1] must be a status from 400 to 599, got 429.5", { 429.5 })
        refuses("[2] must be a status from 400 to 599, got an empty table", { 429, {} })
        refuses("[1] must be a status from 400 to 599, got " .. tostring(0 / 0), { 0 / 0 })
    end)
end)
