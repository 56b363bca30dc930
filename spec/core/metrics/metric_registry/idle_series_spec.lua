local clock = require("resty.openclaw.core.time.clock")
local eventually = require("spec.support.eventually")
local idle_series = require("resty.openclaw.core.metrics.metric_registry.idle_series")
local lease = require("resty.openclaw.core.memory.shared_memory.lease")
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local nkeys = require("table.nkeys")

local IDLE = 1000
local registries = 0

--- A registry in which nobody else counts, and a function that lets time pass and then looks after its series.
local function new_registry()
    registries = registries + 1
    local registry = metric_registry.open("no such dict: idle " .. registries)
    registry.idle_seconds = IDLE
    -- Whole seconds, which add up exactly, and a little later than the series are made.
    local now = math.ceil(clock.now()) + 2
    local function after(seconds)
        now = now + seconds
        idle_series.sweep(registry, now, function() return true end)
    end
    return registry, after
end

local function value(registry, name)
    local slot = rows.find(registry.region, name)
    return slot and shared_memory.total(registry.region, slot)
end

local function expired(registry, metric)
    return value(registry, 'counter openclaw_metrics_expired_series_total{metric="' .. metric .. '"}') or 0
end

describe("idle series", function()
    it("are dropped, others are not", function()
        local registry, after = new_registry()
        local family = metric_registry.counter(registry, "a_total", "Help.", { "x" })
        local busy, idle = family:labels("busy"), family:labels("idle")
        for _ = 1, 5 do
            after(IDLE / 4)
            busy:inc()
        end
        assert.equal(5, value(registry, 'counter a_total{x="busy"}'))
        assert.is_nil(value(registry, 'counter a_total{x="idle"}'))
        assert.equal(1, expired(registry, "a_total"))
        assert.truthy(idle)
    end)

    it("are so by their own activity, whatever their kind", function()
        local registry, after = new_registry()
        local gauges = metric_registry.gauge(registry, "level", "Help.", { "x" })
        local histograms = metric_registry.histogram(registry, "seconds", "Help.", { "x" }, { 1, 2 })
        gauges:labels("idle"):set(5)
        histograms:labels("idle"):observe(1)
        local same, not_a_number, zero = gauges:labels("same"), gauges:labels("nan"), histograms:labels("zero")
        for _ = 1, 6 do
            after(IDLE / 4)
            same:set(3)
            not_a_number:set(0 / 0)
            zero:observe(0)
        end
        assert.equal(3, registry.region.common[rows.find(registry.region, 'gauge level{x="same"}')])
        assert.truthy(rows.find(registry.region, 'gauge level{x="nan"}'))
        assert.truthy(rows.find(registry.region, 'histogram seconds{x="zero"} 1,2'))
        assert.is_nil((rows.find(registry.region, 'gauge level{x="idle"}')))
        assert.is_nil((rows.find(registry.region, 'histogram seconds{x="idle"} 1,2')))
    end)

    it("are not those that another worker counts in", function()
        local registry, after = new_registry()
        local slot = metric_registry.counter(registry, "a_total", "Help.", { "x" }):labels("1").slot
        local region = registry.region
        for round = 1, 6 do
            after(IDLE / 4)
            -- A block changes hands in between.
            local block = 2 + round % 3
            lease.announce(region, block)
            local other = mapping.block_at(region.base, block)
            other[slot] = other[slot] + 1
        end
        assert.equal(6, value(registry, 'counter a_total{x="1"}'))
        after(IDLE + 1)
        assert.equal(6, value(registry, 'counter a_total{x="1"}'))
        after(IDLE + 1)
        assert.is_nil(value(registry, 'counter a_total{x="1"}'))
    end)

    it("are never those without labels, nor any when that is wished", function()
        local registry, after = new_registry()
        metric_registry.counter(registry, "a_total", "Help."):labels()
        metric_registry.counter(registry, "b_total", "Help.", { "x" }):labels("1")
        registry.idle_seconds = 0
        for _ = 1, 3 do after(1e6) end
        assert.equal(0, value(registry, 'counter b_total{x="1"}'))
        registry.idle_seconds = IDLE
        for _ = 1, 3 do after(IDLE) end
        assert.is_nil(value(registry, 'counter b_total{x="1"}'))
        assert.equal(0, value(registry, "counter a_total"))
    end)

    it("stay while the configuration that bound them at its start is in force", function()
        local registry, after = new_registry()
        local region = registry.region
        local family = metric_registry.counter(registry, "a_total", "Help.", { "x" })
        local real = ngx.get_phase
        finally(function() ngx.get_phase = real end)
        ngx.get_phase = function() return "init" end
        family:labels("init")
        ngx.get_phase = function() return "init_worker" end
        family:labels("init_worker")
        ngx.get_phase = real
        for _ = 1, 3 do after(IDLE) end
        assert.equal(0, value(registry, 'counter a_total{x="init"}'))
        assert.equal(0, value(registry, 'counter a_total{x="init_worker"}'))
        -- A reload, whose init binds one of them again.
        region.configuration = region.configuration + 1
        family.handles = {}
        ngx.get_phase = function() return "init" end
        family:labels("init")
        ngx.get_phase = real
        after(IDLE - 1)
        assert.equal(0, value(registry, 'counter a_total{x="init_worker"}'))
        after(1)
        assert.is_nil(value(registry, 'counter a_total{x="init_worker"}'))
        after(IDLE)
        assert.equal(0, value(registry, 'counter a_total{x="init"}'))
    end)

    it("are those of a configuration that failed to start, but not what the old one had bound", function()
        local registry, after = new_registry()
        local region = registry.region
        local family = metric_registry.counter(registry, "a_total", "Help.", { "x" })
        local real = ngx.get_phase
        finally(function() ngx.get_phase = real end)
        ngx.get_phase = function() return "init" end
        family:labels("old")
        ngx.get_phase = real
        region.base[2] = region.base[2] + 1 -- and then its init raised
        for _ = 1, 3 do after(IDLE) end
        assert.equal(0, value(registry, 'counter a_total{x="old"}'))
    end)

    it("give their slots to others after a rest", function()
        local registry, after = new_registry()
        local family = metric_registry.histogram(registry, "a_seconds", "Help.", { "x" }, { 1, 2 })
        local slot = family:labels("old").slot
        family:labels("old"):observe(1.5)
        after(1)
        after(IDLE)
        assert.not_equal(slot, family:labels("early").slot)
        after(rows.REST_SECONDS - 1)
        assert.not_equal(slot, family:labels("still early").slot)
        after(1)
        assert.equal(slot, family:labels("new").slot)
        for offset = 0, 3 do assert.equal(0, shared_memory.total(registry.region, slot + offset)) end
    end)

    it("survive a clock that was set back, and go in time after it", function()
        local registry, after = new_registry()
        metric_registry.counter(registry, "a_total", "Help.", { "x" }):labels("1"):inc()
        after(IDLE * 100)
        after(-IDLE * 100)
        assert.equal(1, value(registry, 'counter a_total{x="1"}'))
        after(IDLE - 1)
        assert.equal(1, value(registry, 'counter a_total{x="1"}'))
        after(1)
        assert.is_nil(value(registry, 'counter a_total{x="1"}'))
    end)

    it("leave room for others of their family", function()
        local registry, after = new_registry()
        registry.most_series = 3
        local family = metric_registry.counter(registry, "a_total", "Help.", { "x" })
        for round = 1, 20 do
            for index = 1, 5 do family:labels(round .. " " .. index):inc() end
            for index = 1, 3 do
                assert.equal(1, value(registry, 'counter a_total{x="' .. round .. " " .. index .. '"}'))
            end
            assert.equal(2, value(registry, 'counter a_total{x="_other"}'))
            assert.equal(4, registry.region.names:get("series:a_total"))
            after(1)
            after(IDLE)
            after(rows.REST_SECONDS)
        end
    end)

    it("leave no room that the series of the others would take from them", function()
        local registry, after = new_registry()
        registry.most_series = 3
        local family = metric_registry.counter(registry, "a_total", "Help.", { "x" })
        for index = 1, 4 do family:labels(tostring(index)):inc() end
        after(1)
        for _ = 1, 4 do
            after(IDLE / 4)
            for _, x in ipairs({ "2", "3", "5" }) do family:labels(x):inc() end
        end
        -- Series 1 went in the last round; _other, which stayed, takes nobody's place.
        assert.equal(1, value(registry, 'counter a_total{x="5"}'))
        assert.equal(3, value(registry, 'counter a_total{x="_other"}') - 1)
        family:labels("6"):inc()
        assert.is_nil(value(registry, 'counter a_total{x="6"}'))
    end)

    it("are looked for in slices, and no longer than this worker may", function()
        local registry = new_registry()
        registry.most_series = 1e9
        local family = metric_registry.counter(registry, "a_total", "Help.", { "x" })
        for index = 1, 1000 do family:labels(tostring(index)) end
        local pauses = 0
        local later = clock.now() + IDLE + 1
        idle_series.sweep(registry, later, function()
            pauses = pauses + 1
            return pauses < 3
        end)
        assert.equal(3, pauses)
        assert.equal(150, expired(registry, "a_total"))
        idle_series.sweep(registry, later, function() return true end)
        assert.equal(1000, expired(registry, "a_total"))
    end)

    it("are dropped by a timer of the worker's own", function()
        local registry = new_registry()
        registry.idle_seconds = 0.01
        local family = metric_registry.counter(registry, "a_total", "Help.", { "x" })
        family:labels("1"):inc()
        eventually(function() return expired(registry, "a_total") == 1 end)
        assert.is_nil(value(registry, 'counter a_total{x="1"}'))
    end)
end)

describe("a handle that is kept", function()
    it("counts into its own series after that was dropped, and its slot given away", function()
        local registry, after = new_registry()
        local counters = metric_registry.counter(registry, "a_total", "Help.", { "x" })
        local gauges = metric_registry.gauge(registry, "b", "Help.", { "x" })
        local histograms = metric_registry.histogram(registry, "c_seconds", "Help.", { "x" }, { 1, 2 })
        local counter, gauge, histogram = counters:labels("kept"), gauges:labels("kept"), histograms:labels("kept")
        counter:inc(5)
        gauge:set(5)
        histogram:observe(5)
        after(1)
        after(IDLE)
        after(rows.REST_SECONDS)
        for index = 1, 5 do
            counters:labels("other " .. index)
            gauges:labels("other " .. index)
            histograms:labels("other " .. index)
        end
        counter:inc(7)
        gauge:set(8)
        histogram:observe(1.5)
        assert.equal(7, value(registry, 'counter a_total{x="kept"}'))
        assert.equal(8, registry.region.common[rows.find(registry.region, 'gauge b{x="kept"}')])
        local slot = rows.find(registry.region, 'histogram c_seconds{x="kept"} 1,2')
        assert.equal(1, shared_memory.total(registry.region, slot + 1))
        assert.equal(1.5, shared_memory.total(registry.region, slot + 3))
        for index = 1, 5 do assert.equal(0, value(registry, 'counter a_total{x="other ' .. index .. '"}')) end
        assert.equal(counters:labels("kept").slot, counter.slot)
    end)

    it("finds the series that another worker has made anew", function()
        local registry, after = new_registry()
        local handle = metric_registry.counter(registry, "a_total", "Help.", { "x" }):labels("kept")
        after(IDLE)
        local slot = rows.make(registry.region, 'counter a_total{x="kept"}', 1, 0, 1)
        handle:inc()
        assert.equal(1, shared_memory.total(registry.region, slot))
    end)

    it("counts under _other when its family is full, and in its own again when there is room", function()
        local registry, after = new_registry()
        registry.most_series = 1
        local family = metric_registry.counter(registry, "a_total", "Help.", { "x" })
        local handle = family:labels("kept")
        after(IDLE)
        family:labels("new"):inc()
        handle:inc(3)
        assert.equal(3, value(registry, 'counter a_total{x="_other"}'))
        after(1)
        after(IDLE)
        handle:inc(4)
        assert.equal(4, value(registry, 'counter a_total{x="kept"}'))
    end)

    it("counts nowhere while its series is being dropped, and in it again thereafter", function()
        local registry = new_registry()
        local region = registry.region
        local handle = metric_registry.counter(registry, "a_total", "Help.", { "x" }):labels("kept")
        local slot = handle.slot
        region.generations[slot] = 2
        handle:inc(3)
        assert.equal(0, shared_memory.total(region, slot))
        rows.recycle(region, slot, 100)
        handle:inc(4)
        assert.equal(4, value(registry, 'counter a_total{x="kept"}'))
    end)

    it("that found no slot finds one when others were dropped", function()
        local registry, after = new_registry()
        registry.most_series = 1e9
        local family = metric_registry.counter(registry, "a_total", "Help.", { "x" })
        family:labels("old")
        local limit = mapping.FIRST_TRANSIENT - rows.limit(registry.region)
        assert(shared_memory.slot(registry.region, "all the rest", limit))
        local lost = family:labels("new")
        lost:inc(3)
        assert.equal(rows.LOST_SLOT, lost.slot)
        assert.equal(rows.LOST_SLOT, family:labels("newer").slot)
        after(IDLE)
        after(rows.REST_SECONDS)
        lost:inc(4)
        assert.equal(4, value(registry, 'counter a_total{x="new"}'))
    end)
end)

describe("what a worker keeps", function()
    it("does not grow while labels have ever new values", function()
        local registry, after = new_registry()
        registry.most_series = 50
        local family = metric_registry.counter(registry, "a_total", "Help.", { "x" })
        local tree = require("resty.openclaw.metrics.handle_tree")
        local handles = tree.new(family, 50)
        local catalogue = require("resty.openclaw.core.metrics.metric_registry.catalogue").new(registry)
        local refresh = require("resty.openclaw.core.metrics.metric_registry.catalogue").refresh
        local limit
        for round = 1, 30 do
            for index = 1, 50 do
                family:labels("a" .. round .. " " .. index):inc()
                assert(tree.find(handles, { x = "a" .. round .. " " .. index })):inc()
            end
            assert.equal(2, value(registry, 'counter a_total{x="a' .. round .. ' 50"}'))
            refresh(catalogue, function() end)
            assert.is_true(nkeys(family.handles) <= 50)
            assert.is_true(nkeys(handles.root) <= 50)
            assert.truthy(handles.root["a" .. round .. " 50"])
            assert.is_true(#catalogue.by_name.a_total[1].series <= 150)
            after(1)
            after(IDLE)
            after(rows.REST_SECONDS)
            limit = limit or rows.limit(registry.region)
        end
        -- One more for the count of what was dropped.
        assert.is_true(rows.limit(registry.region) <= limit + 1)
        assert.is_nil(value(registry, 'counter openclaw_metrics_dropped_labels_total{metric="a_total"}'))
    end)
end)
