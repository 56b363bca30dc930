local gauges = require("resty.openclaw.core.metrics.gauges")

describe("gauges", function()
    --- A registry, as far as it is used here.
    local function registry_of() return { collectors = {} } end

    local function read(collector)
        local lines = {}
        collector.collect(function(labels, value) lines[#lines + 1] = labels .. " " .. tostring(value) end)
        return lines
    end

    it("adds a family whose values are computed at each look", function()
        local registry, value = registry_of(), 1
        gauges.of(registry, "depth", "How deep.", {}, function(sample) sample(value) end)
        local collector = registry.collectors[1]
        assert.same({ "depth", "gauge", "How deep." }, { collector.name, collector.kind, collector.help })
        assert.same({ " 1" }, read(collector))
        value = 2
        assert.same({ " 2" }, read(collector))
    end)

    it("puts the values of labels to their names", function()
        local registry = registry_of()
        gauges.of(registry, "depth", "How deep.", { "pond", "side" }, function(sample)
            sample(1, "a", "north")
            sample(2, 'b"', "south")
        end)
        assert.same({
            '{pond="a",side="north"} 1',
            '{pond="b\\"",side="south"} 2',
        }, read(registry.collectors[1]))
    end)

    it("keeps the entries of each registry, and shows them once", function()
        local all, shown = {}, {}
        local one, other = registry_of(), registry_of()
        local function show(registry, entries) shown[#shown + 1] = { registry, entries } end
        gauges.add(all, one, "a", show)
        gauges.add(all, one, "b", show)
        gauges.add(all, other, "c", show)
        assert.equal(2, #shown)
        assert.equal(one, shown[1][1])
        assert.same({ "a", "b" }, shown[1][2])
        assert.equal(other, shown[2][1])
        assert.same({ "c" }, shown[2][2])
    end)
end)
