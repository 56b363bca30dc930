local metric_registry = require("resty.openclaw.metric_registry")
local shared_memory = require("resty.openclaw.shared_memory")

local registry = metric_registry.open("openclaw")

--- What all workers counted in the slots of that name; nothing when there is no such series.
local function value(name, of)
    local slot = (of or registry).region.names:get("slot:" .. name)
    return slot and shared_memory.total((of or registry).region, slot)
end

describe("metric_registry", function()
    it("is the same for everybody who names the dict", function()
        assert.equal(registry, metric_registry.open("openclaw"))
        assert.not_equal(registry, metric_registry.open("tiny"))
    end)

    it("gives the same family for the same name", function()
        local family = metric_registry.counter(registry, "test_same_total", "Help.", { "a", "b" })
        assert.equal(family, metric_registry.counter(registry, "test_same_total", "Help.", { "a", "b" }))
    end)

    it("gives the same handle for the same label values", function()
        local family = metric_registry.counter(registry, "test_handle_total", "Help.", { "a", "b" })
        assert.equal(family:labels("1", "2"), family:labels("1", "2"))
        assert.not_equal(family:labels("1", "2"), family:labels("2", "1"))
        local bare = metric_registry.gauge(registry, "test_bare", "Help.")
        assert.equal(bare:labels(), bare:labels())
    end)

    it("names a series by all there is to know of it", function()
        metric_registry.counter(registry, "test_name_total", "Help.", { "a", "b" }):labels("x", "y"):inc(3)
        assert.equal(3, value('counter test_name_total{a="x",b="y"}'))
        metric_registry.gauge(registry, "test_name", "Help."):labels():set(4)
        assert.equal(4, value("gauge test_name"))
        local histogram = metric_registry.histogram(registry, "test_name_seconds", "Help.", { "a" }, { 0.5, 10 })
        histogram:labels("x"):observe(0.1)
        assert.equal(1, value('histogram test_name_seconds{a="x"} 0.5,10'))
    end)

    it("finds a series of another worker again by its name", function()
        local slot = assert(shared_memory.slot(registry.region, 'counter test_found_total{a="x"}'))
        metric_registry.counter(registry, "test_found_total", "Help.", { "a" }):labels("x"):inc(2)
        assert.equal(2, shared_memory.total(registry.region, slot))
    end)

    it("escapes label values", function()
        assert.equal('{a="b\\\\c\\"d\\ne"}', metric_registry.label_text({ "a" }, { 'b\\c"d\ne' }))
        assert.equal('{a="1",b="true"}', metric_registry.label_text({ "a", "b" }, { 1, true }))
        assert.equal('{a="x?y?"}', metric_registry.label_text({ "a" }, { "x\0y\255" }))
        assert.equal("", metric_registry.label_text({}, {}))
    end)

    it("cuts label values between characters, at 128 bytes before escapes", function()
        local function cut(text)
            return metric_registry.label_text({ "a" }, { text }):match('^{a="(.*)"}$')
        end
        assert.equal(string.rep("x", 128), cut(string.rep("x", 129)))
        assert.equal(string.rep("x", 127), cut(string.rep("x", 127) .. "ä"))
        assert.equal(string.rep("x", 126) .. "ä", cut(string.rep("x", 126) .. "ääääääääää"))
        assert.equal(string.rep("x", 125), cut(string.rep("x", 125) .. "😀"))
        assert.equal(string.rep("\\n", 128), cut(string.rep("\n", 200)))
        assert.equal(string.rep("?", 128), cut(string.rep("\128", 1000)))
    end)

    it("keeps handles of such label values only as are shown as they are", function()
        local family = metric_registry.counter(registry, "test_memory_total", "Help.", { "a" })
        local stem = string.rep("x", 128)
        for index = 1, 50 do family:labels(stem .. index):inc() end
        for index = 128, 177 do family:labels(string.char(index)):inc() end
        family:labels("a\0b"):inc()
        assert.is_nil(next(family.handles))
        assert.equal(50, value('counter test_memory_total{a="' .. stem .. '"}'))
        assert.equal(50, value('counter test_memory_total{a="?"}'))
        family:labels("short")
        assert.truthy(next(family.handles))
    end)

    it("does not take one list of values for another", function()
        local family = metric_registry.counter(registry, "test_apart_total", "Help.", { "a", "b" })
        family:labels("x", "\0y"):inc(1)
        family:labels("x\0", "y"):inc(2)
        assert.equal(1, value('counter test_apart_total{a="x",b="?y"}'))
        assert.equal(2, value('counter test_apart_total{a="x?",b="y"}'))
    end)

    it("counts under _other past the limit of series", function()
        local before = registry.most_series
        registry.most_series = 3
        local family = metric_registry.counter(registry, "test_many_total", "Help.", { "a", "b" })
        for index = 1, 10 do
            for _ = 1, 2 do family:labels(tostring(index), "b"):inc() end
        end
        family:labels("2", "b"):inc()
        registry.most_series = before
        assert.equal(2, value('counter test_many_total{a="1",b="b"}'))
        assert.equal(3, value('counter test_many_total{a="2",b="b"}'))
        assert.is_nil(value('counter test_many_total{a="4",b="b"}'))
        assert.equal(14, value('counter test_many_total{a="_other",b="_other"}'))
        assert.equal(14, value('counter openclaw_metrics_dropped_labels_total{metric="test_many_total"}'))
    end)

    it("survives more families past their limit than there may be series", function()
        local before = registry.most_series
        registry.most_series = 1
        for index = 1, 5 do
            local family = metric_registry.counter(registry, "test_family_" .. index .. "_total", "Help.", { "a" })
            family:labels("first"):inc()
            family:labels("second"):inc()
            assert.equal(1, value("counter test_family_" .. index .. '_total{a="_other"}'))
        end
        registry.most_series = before
    end)

    it("refuses names that are none", function()
        for _, name in ipairs({ "", "1a", "a-b", "a b", "a{", "ä" }) do
            assert.has_error(function() metric_registry.counter(registry, name, "Help.") end,
                '"' .. name .. '" is no name for a metric: letters, digits, "_" and ":" only')
        end
        for _, name in ipairs({ "", "1a", "a-b", "a:b", "__a", "le", "ä" }) do
            assert.has_error(function() metric_registry.counter(registry, "test_label_total", "Help.", { name }) end,
                'metric "test_label_total": "' .. name .. '" is no name for a label')
        end
    end)

    it("refuses a name that is something else already", function()
        metric_registry.histogram(registry, "test_taken", "Help.", { "a" }, { 1, 2 })
        assert.has_error(function() metric_registry.counter(registry, "test_taken", "Help.", { "a" }) end,
            'metric "test_taken" is a histogram already, it cannot be a counter')
        assert.has_error(function() metric_registry.histogram(registry, "test_taken", "Help.", { "b" }, { 1, 2 }) end,
            'metric "test_taken" has other labels already')
        assert.has_error(function() metric_registry.histogram(registry, "test_taken", "Help.", { "a" }, { 1 }) end,
            'metric "test_taken" has other bounds already')
    end)

    it("refuses bounds that do not rise, have no end or are too many", function()
        for _, bounds in ipairs({ { 1, 1 }, { 2, 1 }, { 0 / 0 }, { 1, 0 / 0, 2 }, { 1, math.huge }, { -math.huge } }) do
            assert.has_error(function() metric_registry.histogram(registry, "test_bounds", "Help.", {}, bounds) end,
                'metric "test_bounds": bounds must rise and be finite')
        end
        local many = {}
        for index = 1, 49 do many[index] = index end
        assert.has_error(function() metric_registry.histogram(registry, "test_bounds", "Help.", {}, many) end,
            'metric "test_bounds": at most 48 bounds, got 49')
    end)

    it("has histograms without bounds", function()
        metric_registry.histogram(registry, "test_boundless", "Help.", {}, {}):labels():observe(7)
        assert.equal(1, value("histogram test_boundless "))
    end)
end)

describe("a registry that is full", function()
    local tiny = metric_registry.open("tiny")

    it("goes on without new series, and keeps those it has", function()
        local family = metric_registry.counter(tiny, "test_full_total", "Help.", { "a" })
        local known = family:labels("known")
        for index = 1, 300 do family:labels(index .. string.rep("x", 100)):inc() end
        assert.truthy(family.handles.lost)
        local cursor = tiny.region.names:get("next_slot")
        for index = 301, 600 do family:labels(index .. string.rep("x", 100)):inc() end
        assert.equal(cursor, tiny.region.names:get("next_slot"))
        assert.equal(known, family:labels("known"))
        known:inc(5)
        assert.equal(5, value('counter test_full_total{a="known"}', tiny))
        metric_registry.histogram(tiny, "test_full_seconds", "Help."):labels():observe(1)
    end)

    it("evicts nothing to count the series of ever more families", function()
        for index = 1, 60 do
            local family = metric_registry.counter(tiny, "test_full_family_" .. index .. "_total", "Help.")
            family:labels():inc()
        end
        assert.truthy(tiny.region.names:get("region"))
        assert.truthy(tiny.region.names:get("next_slot"))
        assert.equal(5, value('counter test_full_total{a="known"}', tiny))
    end)

    it("does so too when no slot is left", function()
        local local_only = metric_registry.open("no such dict: registry")
        assert(shared_memory.slot(local_only.region, "nearly all", 57200))
        local family = metric_registry.histogram(local_only, "test_no_slot_seconds", "Help.", { "a" })
        for index = 1, 20 do family:labels(tostring(index)):observe(0) end
        assert.truthy(family.handles.lost)
        assert.equal(1, value('histogram test_no_slot_seconds{a="1"} ' .. table.concat(metric_registry.SECONDS, ","),
            local_only))
    end)
end)
