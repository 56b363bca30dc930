-- luacheck: globals ngx
local clock = require("resty.openclaw.core.time.clock")
local fault = require("resty.openclaw.core.metrics.fault")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local registry = metric_registry.open("openclaw")

local function count(plugin, kind)
    local name = string.format('counter openclaw_faults_total{plugin="%s",kind="%s"}', plugin, kind)
    local slot = registry.region.names:get("slot:" .. name)
    return slot and shared_memory.total(registry.region, slot)
end

describe("fault", function()
    local log, now, lines, time = ngx.log, clock.now, nil, nil

    before_each(function()
        lines, time = {}, 1000
        ngx.log = function(level, ...)
            assert(level == ngx.ERR)
            local parts = {}
            for index = 1, select("#", ...) do parts[index] = tostring((select(index, ...))) end
            lines[#lines + 1] = table.concat(parts)
        end
        clock.now = function() return time end
    end)

    after_each(function()
        ngx.log, clock.now = log, now
    end)

    it("counts every time and logs the first", function()
        local faults = fault.new("test_a", registry)
        for _ = 1, 5 do faults:report("read", "cannot read: ", "closed", nil, 5) end
        assert.equal(5, count("test_a", "read"))
        assert.same({ "test_a: read: cannot read: closednil5" }, lines)
    end)

    it("logs once a minute, with how many were not logged", function()
        local faults = fault.new("test_b", registry)
        for _ = 1, 4 do faults:report("read", "x") end
        time = time + 59.9
        faults:report("read", "x")
        assert.equal(1, #lines)
        time = time + 0.1
        faults:report("read", "y")
        assert.equal("test_b: read (and 4 times since the last line): y", lines[2])
        time = time + 60
        faults:report("read", "z")
        assert.equal("test_b: read: z", lines[3])
    end)

    it("keeps kinds and plugins apart", function()
        local one, other = fault.new("test_c", registry), fault.new("test_d", registry)
        one:report("read", "x")
        one:report("write", "x")
        other:report("read", "x")
        assert.equal(3, #lines)
        assert.equal(1, count("test_c", "read"))
        assert.equal(1, count("test_c", "write"))
        assert.equal(1, count("test_d", "read"))
    end)
end)
