local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local allow_list = require("resty.openclaw.core.metrics.metric_registry.allow_list")
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local registry = metric_registry.open("openclaw")

--- What all workers counted in the slots of that name; nothing when there is no such series.
local function value(name, of)
    local slot = (of or registry).region.names:get("slot:" .. name)
    return slot and shared_memory.total((of or registry).region, slot)
end

--- Calls the function as in init_by_lua.
local function in_phase_init(work, ...)
    local real = ngx.get_phase
    ngx.get_phase = function() return "init" end
    local ok, err = pcall(work, ...)
    ngx.get_phase = real
    return ok, err
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
        assert.equal(4, registry.region.common[rows.find(registry.region, "gauge test_name")])
        local histogram = metric_registry.histogram(registry, "test_name_seconds", "Help.", { "a" }, { 0.5, 10 })
        histogram:labels("x"):observe(0.1)
        assert.equal(1, value('histogram test_name_seconds{a="x"} 0.5,10'))
    end)

    it("finds a series of another worker again by its name", function()
        local slot = assert(rows.make(registry.region, 'counter test_found_total{a="x"}', 1, 0, 1))
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
        assert.equal(rows.epoch(tiny.region), family.lost_epoch)
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
        assert(shared_memory.slot(local_only.region, "nearly all", mapping.FIRST_TRANSIENT - 64 - 144))
        local family = metric_registry.histogram(local_only, "test_no_slot_seconds", "Help.", { "a" })
        local log, lines = ngx.log, 0
        finally(function() ngx.log = log end)
        ngx.log = function() lines = lines + 1 end
        for index = 1, 20 do family:labels(tostring(index)):observe(0) end
        assert.equal(1, lines)
        assert.equal(rows.epoch(local_only.region), family.lost_epoch)
        assert.equal(1, value('histogram test_no_slot_seconds{a="1"} ' .. table.concat(metric_registry.SECONDS, ","),
            local_only))
    end)
end)

describe("labels", function()
    local function misused(name)
        return value('counter openclaw_metrics_misuse_total{metric="' .. name .. '"}') or 0
    end

    --- Calls the function as in that phase.
    local function in_phase(phase, work, ...)
        local real = ngx.get_phase
        finally(function() ngx.get_phase = real end)
        ngx.get_phase = function() return phase end
        local ok, err = pcall(work, ...)
        ngx.get_phase = real
        return ok, err
    end

    it("in another number are misuse: counted, and nowhere", function()
        local family = metric_registry.counter(registry, "test_count_total", "Help.", { "a", "b" })
        for _, values in ipairs({ { n = 0 }, { "x", n = 1 }, { "x", nil, n = 2 }, { nil, "x", n = 2 }, { "x", "y", "z", n = 3 },
            { "x", {}, n = 2 } }) do
            local before = misused("test_count_total")
            family:labels(unpack(values, 1, values.n)):inc()
            assert.equal(before + 1, misused("test_count_total"))
        end
        assert.is_nil(value('counter test_count_total{a="x",b="nil"}'))
        assert.is_nil(next(family.handles))
        local histogram = metric_registry.histogram(registry, "test_count_seconds", "Help.", { "a" })
        histogram:labels():observe(1)
        metric_registry.gauge(registry, "test_count", "Help.", { "a" }):labels():set(1)
    end)

    it("in another number raise in init", function()
        local family = metric_registry.counter(registry, "test_count_init_total", "Help.", { "a", "b" })
        for _, phase in ipairs({ "init", "init_worker" }) do
            local ok, err = in_phase(phase, family.labels, family, "x")
            assert.is_false(ok)
            assert.equal('metric "test_count_init_total" has 2 labels, not 1', err)
            ok, err = in_phase(phase, family.labels, family, "x", nil)
            assert.is_false(ok)
            assert.equal('metric "test_count_init_total" needs a string for its label "b", got nil', err)
        end
    end)

    it("may be numbers and booleans", function()
        local family = metric_registry.counter(registry, "test_types_total", "Help.", { "a", "b" })
        family:labels(1, true):inc()
        family:labels("1", "true"):inc()
        assert.equal(2, value('counter test_types_total{a="1",b="true"}'))
    end)

    it("are bound to handles that tell of values they cannot count", function()
        local counter = metric_registry.counter(registry, "test_negative_total", "Help."):labels()
        for _, wrong in ipairs({ -1, 0 / 0, math.huge, "1" }) do counter:inc(wrong) end
        assert.equal(4, misused("test_negative_total"))
        assert.equal(0, value("counter test_negative_total"))
        metric_registry.gauge(registry, "test_negative", "Help."):labels():set("1")
        assert.equal(1, misused("test_negative"))
        metric_registry.histogram(registry, "test_negative_seconds", "Help."):labels():observe(nil)
        assert.equal(1, misused("test_negative_seconds"))
        local ok, err = in_phase("init", counter.inc, counter, -1)
        assert.is_false(ok)
        assert.equal('metric "test_negative_total" cannot grow by -1', err)
    end)
end)

describe("an allow-list", function()
    local count = 0

    local function new_registry(labels)
        count = count + 1
        local made = metric_registry.open("no such dict: allow " .. count)
        metric_registry.allow_labels(made, allow_list.LABELS.read(labels, "metrics.labels", {}), "metrics")
        return made
    end

    it("keeps some labels, and some values of them", function()
        local made = new_registry({ a_total = { "route", model = { "v1", 2, true } }, b_total = {} })
        local family = metric_registry.counter(made, "a_total", "Help.", { "user", "route", "model" })
        family:labels("u1", "r", "v1"):inc()
        family:labels("u2", "r", "v1"):inc()
        family:labels("u2", "r", "2"):inc()
        family:labels("u3", "r", "true"):inc()
        for index = 1, 50 do family:labels("u" .. index, "r", "v" .. (index + 1)):inc() end
        assert.equal(2, value('counter a_total{route="r",model="v1"}', made))
        assert.equal(1, value('counter a_total{route="r",model="2"}', made))
        assert.equal(1, value('counter a_total{route="r",model="true"}', made))
        assert.equal(50, value('counter a_total{route="r",model="_other"}', made))
        assert.equal(4, require("table.nkeys")(family.handles))
        local bare = metric_registry.counter(made, "b_total", "Help.", { "x", "y" })
        bare:labels("1", "2"):inc()
        bare:labels("3", "4"):inc()
        assert.equal(2, value("counter b_total", made))
        metric_registry.counter(made, "c_total", "Help.", { "x" }):labels("1"):inc()
        assert.equal(1, value('counter c_total{x="1"}', made))
    end)

    it("does not count its own _other as one of too many", function()
        local made = new_registry({ a_total = { x = { "1" } } })
        made.most_series = 2
        local family = metric_registry.counter(made, "a_total", "Help.", { "x" })
        for _, x in ipairs({ "2", "1", "3" }) do family:labels(x):inc() end
        assert.equal(2, value('counter a_total{x="_other"}', made))
        assert.equal(1, value('counter a_total{x="1"}', made))
        assert.is_nil(value('counter openclaw_metrics_dropped_labels_total{metric="a_total"}', made))
    end)

    it("still wants one value for each name", function()
        local made = new_registry({ a_total = { "x" } })
        local family = metric_registry.counter(made, "a_total", "Help.", { "x", "y" })
        family:labels("1"):inc()
        assert.is_nil(value('counter a_total{x="1"}', made))
        assert.equal(1, value('counter openclaw_metrics_misuse_total{metric="a_total"}', made))
    end)

    it("is refused when it is none", function()
        local function refuses(sentence, labels)
            local problems = {}
            allow_list.LABELS.read(labels, "metrics.labels", problems)
            assert.same({ sentence }, problems)
        end
        refuses('metrics.labels must be a table, got "x"', "x")
        refuses('metrics.labels must be a table whose keys are names of metrics, got 1', { {} })
        refuses('metrics.labels must be a table whose keys are names of metrics, got "a-b"', { ["a-b"] = {} })
        refuses('metrics.labels.a must be a table of the labels to keep, got "route"', { a = "route" })
        refuses('metrics.labels.a must be a table of the labels to keep, got "le"', { a = { "le" } })
        refuses('metrics.labels.a must be a table of the labels to keep, got 5', { a = { 5 } })
        refuses('metrics.labels.a must be a table of the labels to keep, got "a-b"', { a = { ["a-b"] = { "1" } } })
        refuses('metrics.labels.a.x must be a list of the values to keep, got "v1"', { a = { x = "v1" } })
        refuses('metrics.labels.a.x must be a list of the values to keep, got an empty table', { a = { x = { {} } } })
        refuses('metrics.labels.a.x must be a list of the values to keep, got "y"', { a = { x = { y = "1" } } })
        refuses('metrics.labels.a names "x" twice', { a = { "x", x = { "1" } } })
    end)

    it("is refused when the metric has no such label, where that is known in init", function()
        local made = new_registry({ a_total = { "model" }, b_total = { "x" } })
        local sentence = 'metrics: "labels.a_total": the metric has no label "model"; its labels are route'
        local ok, err = in_phase_init(metric_registry.counter, made, "a_total", "Help.", { "route" })
        assert.is_false(ok)
        assert.equal(sentence, err)
        assert.is_nil(made.families.a_total)
        -- What comes later is from outside.
        metric_registry.counter(made, "a_total", "Help.", { "route" }):labels("r"):inc()
        assert.equal(1, value('counter a_total{route="r"}', made))
        metric_registry.counter(made, "b_total", "Help.", { "x", "y" }):labels("1", "2"):inc()
        ok, err = pcall(metric_registry.allow_labels, made, allow_list.LABELS.read({ b_total = { "y" } }, "metrics.labels", {}), "metrics")
        assert.is_false(ok)
        assert.equal('metrics.labels.b_total comes too late, as the metric has series: make the metrics first', err)
    end)
end)
