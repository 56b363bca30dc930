local allow_list = require("resty.openclaw.core.metrics.metric_registry.allow_list")
local catalogues = require("resty.openclaw.core.metrics.metric_registry.catalogue")
local clock = require("resty.openclaw.core.time.clock")
local exposition = require("resty.openclaw.metrics.exposition")
local fault = require("resty.openclaw.core.metrics.fault")
local figures = require("resty.openclaw.inference.figures")
local idle_series = require("resty.openclaw.core.metrics.metric_registry.idle_series")
local label_text = require("resty.openclaw.core.metrics.metric_registry.label_text")
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local room = require("resty.openclaw.core.metrics.metric_registry.room")
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local text_format = require("resty.openclaw.metrics.text_format")

local function value(registry, name)
    local slot = registry.region.names:get("slot:" .. name)
    return slot and shared_memory.total(registry.region, slot) or 0
end

--- All that was counted in the series of a counter.
local function sum(registry, name)
    local catalogue = catalogues.new(registry)
    catalogues.refresh(catalogue, function() end)
    local text, all, count = {}, 0, 0
    exposition.render(catalogue, fault.new("metrics", registry), text_format, function(piece)
        text[#text + 1] = piece
        return true
    end)
    local page = table.concat(text)
    for number in page:gmatch("\n" .. name .. "{[^\n]*} (%d+)") do
        all = all + tonumber(number)
        count = count + 1
    end
    return all, count, #page
end

local function in_phase_init(work)
    local real = ngx.get_phase
    ngx.get_phase = function() return "init" end
    local ok, err = pcall(work)
    ngx.get_phase = real
    assert(ok, err)
end

local registries = 0

local function local_registry()
    registries = registries + 1
    return metric_registry.open("no such dict: room " .. registries)
end

describe("76,000 series in a dict of 10 MB", function()
    it("lose no count, and leave the others their room", function()
        local registry = metric_registry.open("many_series")
        registry.most_series = 100000
        local dict = ngx.shared.many_series
        local region = dict:get("region")
        local labels = { "route", "variant", "status" }
        local family = metric_registry.counter(registry, "test_many_total", "Help.", labels)
        for index = 1, 76000 do family:labels("route-" .. index, "canary", "2xx"):inc() end
        local counted, count = sum(registry, "test_many_total")
        assert.equal(76000, counted)
        local lost = value(registry, "counter openclaw_metrics_lost_series_total")
        assert.equal(0, lost)
        assert.is_true(count > 10000, count .. " series")
        local others = value(registry, 'counter test_many_total{route="_other",variant="_other",status="_other"}')
        assert.equal(76000 - count + 1, others)
        local dropped = value(registry, 'counter openclaw_metrics_dropped_labels_total{metric="test_many_total"}')
        assert.equal(others, dropped)
        -- What else is kept in the dict still has room there.
        assert.is_true(dict:free_space() > dict:capacity() / 8, "free: " .. dict:free_space())
        assert.equal(region, dict:get("region"))
        local another = metric_registry.counter(registry, "test_another_total", "Help.", { "a" })
        another:labels("x"):inc()
        assert.equal(1, (sum(registry, "test_another_total")))
        assert.is_true(dict:safe_add("a lease", 1))
    end)

    it("have their place again when they are dropped", function()
        local registry = metric_registry.open("many_series")
        local names = registry.region.names
        assert.is_true(names:get("series_bytes") > 7e6)
        local now = math.ceil(clock.now()) + 2
        registry.idle_seconds = 1000
        finally(function() registry.idle_seconds = 86400 end)
        local function sweep(seconds)
            now = now + seconds
            idle_series.sweep(registry, now, function() return true end)
        end
        sweep(0)
        sweep(1000)
        sweep(rows.REST_SECONDS)
        assert.is_true(names:get("series_bytes") < 50000, names:get("series_bytes") .. " bytes")
        local family = registry.families.test_many_total
        family:labels("new", "canary", "2xx"):inc(3)
        assert.equal(3, value(registry, 'counter test_many_total{route="new",variant="canary",status="2xx"}'))
    end)
end)

describe("2,700 names of models, 128 quotes each", function()
    it("are a hundred and _other", function()
        local registry = metric_registry.open("many_values")
        local families = figures.new(registry)
        local quotes = ('"'):rep(124)
        for index = 1, 2700 do
            local fields = {
                model = ("%04d"):format(index) .. quotes,
                finish_reason = ("%04d"):format(index) .. quotes,
                prompt_tokens = 1,
                completion_tokens = 1,
                source = "usage",
            }
            figures.count(families, "chat", "", fields, 10, 1)
        end
        for _, name in ipairs({ "prompt_tokens_total", "completion_tokens_total" }) do
            local counted, count, bytes = sum(registry, "openclaw_inference_" .. name)
            assert.same({ 2700, 101 }, { counted, count })
            assert.is_true(bytes < 1500000, bytes .. " bytes")
        end
        local counted, count = sum(registry, "openclaw_inference_first_token_seconds_count")
        assert.same({ 2700, 101 }, { counted, count })
        assert.equal(0, value(registry, "counter openclaw_metrics_lost_series_total"))
        assert.is_true(ngx.shared.many_values:free_space() > 8e6)
    end)
end)

describe("values from outside", function()
    local function new_family(registry, most)
        registry.most_values = most
        local family = metric_registry.counter(registry, "a_total", "Help.", { "route", "model" })
        metric_registry.from_outside(family, { "model" })
        return family
    end

    it("are counted across families, up to the limit; known ones go on", function()
        local registry = local_registry()
        local family = new_family(registry, 2)
        local other = metric_registry.counter(registry, "b_total", "Help.", { "model" })
        metric_registry.from_outside(other, { "model" })
        family:labels("r", "one"):inc()
        other:labels("two"):inc()
        family:labels("r", "three"):inc()
        other:labels("three"):inc()
        family:labels("r", "two"):inc()
        other:labels("one"):inc()
        local function at(name) return value(registry, "counter " .. name) end
        assert.equal(1, at('a_total{route="r",model="one"}'))
        assert.equal(1, at('a_total{route="r",model="two"}'))
        assert.equal(1, at('a_total{route="r",model="_other"}'))
        assert.equal(1, at('b_total{model="one"}'))
        assert.equal(1, at('b_total{model="_other"}'))
        assert.is_nil(registry.region.names:get('slot:counter a_total{route="r",model="three"}'))
        assert.equal(2, at('openclaw_metrics_dropped_labels_total{metric="a_total"}')
            + at('openclaw_metrics_dropped_labels_total{metric="b_total"}'))
    end)

    it("leave other labels, _other and the empty value alone", function()
        local registry = local_registry()
        local family = new_family(registry, 1)
        for index = 1, 5 do family:labels("route " .. index, "one"):inc() end
        family:labels("r", ""):inc()
        family:labels("r", "_other"):inc()
        for index = 1, 5 do assert.equal(1, value(registry, ('counter a_total{route="route %d",model="one"}'):format(index))) end
        assert.equal(1, value(registry, 'counter a_total{route="r",model=""}'))
    end)

    it("give their place to others when their series are dropped, whatever they look like", function()
        local registry = local_registry()
        registry.idle_seconds = 1000
        local family = new_family(registry, 1)
        local odd = 'a",model="b\\'
        family:labels('x,model=', odd):inc()
        local now = math.ceil(clock.now()) + 2
        local function sweep(seconds)
            now = now + seconds
            idle_series.sweep(registry, now, function() return true end)
        end
        family:labels("r", "two"):inc()
        assert.equal(1, value(registry, 'counter a_total{route="r",model="_other"}'))
        sweep(0)
        sweep(1000)
        family:labels("r", "two"):inc()
        assert.equal(1, value(registry, 'counter a_total{route="r",model="two"}'))
        assert.equal(1, registry.region.names:get("values:model"))
    end)

    it("are kept where the operator leaves that label out", function()
        local registry = local_registry()
        metric_registry.allow_labels(registry, allow_list.LABELS.read({ a_total = { "route" } }, "metrics.labels", {}), "metrics")
        local family = new_family(registry, 1)
        for index = 1, 3 do family:labels("r", "model " .. index):inc() end
        assert.equal(3, value(registry, 'counter a_total{route="r"}'))
    end)
end)

describe("label_text.each", function()
    it("finds the values again, as they were written", function()
        local given = { 'x,b=', 'q",b="\\', "", "plain\n" }
        local names = { "a", "b", "c", "d" }
        local found = {}
        label_text.each(metric_registry.label_text(names, given), function(name, text) found[#found + 1] = { name, text } end)
        assert.same({ { "a", "x,b=" }, { "b", 'q\\",b=\\"\\\\' }, { "c", "" }, { "d", "plain\\n" } }, found)
        label_text.each("", function() error("nothing there") end)
    end)
end)

describe("a dict without memory", function()
    it("has its losses counted", function()
        local registry = local_registry()
        assert(shared_memory.slot(registry.region, "nearly all", mapping.FIRST_TRANSIENT - rows.limit(registry.region)))
        local family = metric_registry.counter(registry, "c_total", "Help.", { "x" })
        for index = 1, 7 do family:labels("v" .. index):inc() end
        assert.equal(7, value(registry, "counter openclaw_metrics_lost_series_total"))
        assert.equal(0, value(registry, 'counter openclaw_metrics_dropped_labels_total{metric="c_total"}'))
    end)

    it("has them counted under _other where that exists", function()
        local registry = local_registry()
        registry.most_series = 1
        local family = metric_registry.counter(registry, "d_total", "Help.", { "x" })
        family:labels("first"):inc()
        family:labels("past the limit"):inc()
        registry.most_series = 100
        assert(shared_memory.slot(registry.region, "nearly all", mapping.FIRST_TRANSIENT - rows.limit(registry.region)))
        for index = 1, 7 do family:labels("v" .. index):inc() end
        assert.equal(8, value(registry, 'counter d_total{x="_other"}'))
        assert.equal(0, value(registry, "counter openclaw_metrics_lost_series_total"))
    end)
end)

describe("series that the configuration binds", function()
    it("have their place however many they are", function()
        local registry = local_registry()
        registry.most_series = 10
        local family = metric_registry.counter(registry, "e_total", "Help.", { "route" })
        in_phase_init(function()
            for index = 1, 50 do family:labels("r" .. index) end
        end)
        for index = 1, 50 do family:labels("r" .. index):inc() end
        local counted, count = sum(registry, "e_total")
        assert.same({ 50, 50 }, { counted, count })
        family:labels("from a request"):inc()
        assert.equal(1, value(registry, 'counter e_total{route="_other"}'))
    end)

    it("say how large the dict must be where they find no room, once, and leave room for leases", function()
        local registry = metric_registry.open("many_routes")
        local dict = ngx.shared.many_routes
        assert.is_nil(room.advice(registry))
        local family = metric_registry.counter(registry, "f_total", "Help.", { "route", "status" })
        in_phase_init(function()
            for index = 1, 20000 do family:labels("route " .. index, "2xx") end
        end)
        local advice = assert(room.advice(registry))
        local megabytes = advice:match('^"lua_shared_dict many_routes 1m;" is too small for this configuration: '
            .. 'it needs "lua_shared_dict many_routes (%d+)m;", which nginx takes when it is stopped and started$')
        -- Nearly all of 20,000 series take 512 bytes each; and a third more.
        assert.equal("13", megabytes, advice)
        assert.is_true(dict:safe_add("a lease", 1))
        assert.is_true(value(registry, "counter openclaw_metrics_lost_series_total") == 0)
        family:labels("route 20000", "2xx"):inc()
        assert.equal(1, value(registry, 'counter f_total{route="_other",status="_other"}'))
        assert.is_true(room.is_first_to_report(registry))
        assert.is_false(room.is_first_to_report(registry))
    end)

    it("say where an operator's limit leaves no room for others", function()
        local registry = metric_registry.open("many_routes")
        assert.is_nil(room.low_limit(registry))
        registry.most_bytes = 1000
        assert.matches("^metrics%.max_bytes = 1000 leaves no room for further series: those that there are at the start take %d+ bytes$", room.low_limit(registry))
        registry.most_bytes = 100000000
        assert.is_nil(room.low_limit(registry))
        registry.most_bytes = nil
    end)
end)
