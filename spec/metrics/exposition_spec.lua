local catalogues = require("resty.openclaw.core.metrics.metric_registry.catalogue")
local exposition = require("resty.openclaw.metrics.exposition")
local fault = require("resty.openclaw.core.metrics.fault")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local number_text = require("resty.openclaw.core.metrics.metric_registry.number_text").number_text
local float_text = require("resty.openclaw.core.metrics.metric_registry.number_text").float_text
local open_metrics = require("resty.openclaw.metrics.open_metrics")
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local time_slice = require("resty.openclaw.core.time.time_slice")
local text_format = require("resty.openclaw.metrics.text_format")
local reader = require("spec.support.exposition")

local registry_count = 0

--- A registry without a shared dict, in which nobody else writes.
local function new_registry()
    registry_count = registry_count + 1
    return metric_registry.open("no such dict: exposition " .. registry_count)
end

--- Makes a series as another worker would.
local function make(registry, name, count)
    return assert(rows.make(registry.region, name, count or 1, 0, 1))
end

--- Drops a series that nobody counts in any more, and frees its slots, as of that time.
local function drop(registry, name, now)
    local region = registry.region
    local slot = assert(rows.find(region, name))
    region.seen[slot] = rows.activity(region, slot)
    assert.equal(name, rows.drop(region, slot, now))
    rows.recycle(region, slot, now)
end

local function render(registry, catalogue, format)
    catalogue = catalogue or catalogues.new(registry)
    local pieces = {}
    catalogues.refresh(catalogue, function() end)
    exposition.render(catalogue, fault.new("metrics", registry), format or text_format, function(piece)
        pieces[#pieces + 1] = piece
        return true
    end)
    -- What every registry has from the start.
    local page = table.concat(pieces):gsub("# %u+ openclaw_metrics_lost_series[^\n]*\n", "")
    return page:gsub("openclaw_metrics_lost_series_total 0\n", ""), pieces
end

describe("number_text", function()
    it("writes numbers so that they read back the same", function()
        local cases = {
            ["0"] = 0, ["1"] = 1, ["-5"] = -5, ["0.1"] = 0.1, ["0.3"] = 0.3, ["0.30000000000000004"] = 0.1 + 0.2,
            ["100000000000000"] = 1e14, ["123456789012345678"] = 123456789012345678, ["9007199254740991"] = 2 ^ 53 - 1,
            ["9007199254740992"] = 2 ^ 53, ["1e+300"] = 1e300, ["1.7976931348623157e+308"] = 1.7976931348623157e308,
            ["5e-324"] = 5e-324, ["0.0025"] = 0.0025,
        }
        for text, number in pairs(cases) do
            assert.equal(number, tonumber(number_text(number)))
            if text ~= "5e-324" and text ~= "123456789012345678" then assert.equal(text, number_text(number)) end
        end
        math.randomseed(3)
        for _ = 1, 1000 do
            local number = (math.random() - 0.5) * 10 ^ math.random(-20, 20)
            assert.equal(number, tonumber(number_text(number)))
        end
    end)

    it("spells what is no number", function()
        assert.equal("NaN", number_text(0 / 0))
        assert.equal("+Inf", number_text(math.huge))
        assert.equal("-Inf", number_text(-math.huge))
    end)
end)

describe("float_text", function()
    it("writes OpenMetrics' canonical numbers", function()
        local exponents = {
            [-10] = "1e-10", [-9] = "1e-09", [-5] = "1e-05", [-4] = "0.0001", [-1] = "0.1", [0] = "1.0", [1] = "10.0",
            [5] = "100000.0", [6] = "1e+06", [9] = "1e+09", [10] = "1e+10",
        }
        for exponent, text in pairs(exponents) do assert.equal(text, float_text(tonumber("1e" .. exponent))) end
        local others = {
            ["0.0"] = 0, ["2.5"] = 2.5, ["-3.0"] = -3, ["0.0025"] = 0.0025, ["600.0"] = 600, ["1.5e+06"] = 1500000,
            ["1.234567e+06"] = 1234567, ["2.5e-05"] = 0.000025, ["-1.5e+300"] = -1.5e300, ["+Inf"] = math.huge,
            ["-Inf"] = -math.huge, ["0.30000000000000004"] = 0.1 + 0.2, ["999999.5"] = 999999.5,
        }
        for text, number in pairs(others) do assert.equal(text, float_text(number)) end
        assert.equal("NaN", float_text(0 / 0))
        math.randomseed(5)
        for _ = 1, 1000 do
            local number = (math.random() - 0.5) * 10 ^ math.random(-20, 20)
            assert.equal(number, tonumber(float_text(number)))
        end
    end)
end)

describe("the page", function()
    it("shows each kind", function()
        local registry = new_registry()
        metric_registry.counter(registry, "a_total", "All of a.", { "x", "y" }):labels("1", "2"):inc(3)
        metric_registry.gauge(registry, "b", "What b is."):labels():set(-0.5)
        local histogram = metric_registry.histogram(registry, "c_seconds", "Lasting.", { "x" }, { 0.1, 1, 2.5 }):labels("q")
        for _, value in ipairs({ 0.05, 0.1, 0.5, 2, 7 }) do histogram:observe(value) end
        assert.equal(table.concat({
            "# HELP a_total All of a.",
            "# TYPE a_total counter",
            'a_total{x="1",y="2"} 3',
            "# HELP b What b is.",
            "# TYPE b gauge",
            "b -0.5",
            "# HELP c_seconds Lasting.",
            "# TYPE c_seconds histogram",
            'c_seconds_bucket{x="q",le="0.1"} 2',
            'c_seconds_bucket{x="q",le="1"} 3',
            'c_seconds_bucket{x="q",le="2.5"} 4',
            'c_seconds_bucket{x="q",le="+Inf"} 5',
            'c_seconds_sum{x="q"} 9.65',
            'c_seconds_count{x="q"} 5',
            "",
        }, "\n"), (render(registry)))
    end)

    it("shows histograms without labels or bounds", function()
        local registry = new_registry()
        metric_registry.histogram(registry, "a", "Help.", {}, {}):labels():observe(4)
        assert.same({ ['a_bucket{le="+Inf"}'] = "1", a_sum = "4", a_count = "1" }, (reader.parse((render(registry)))))
    end)

    it("is empty without series", function()
        local registry = new_registry()
        metric_registry.counter(registry, "a_total", "Help.")
        assert.equal("", (render(registry)))
    end)

    it("sums over workers, but takes a gauge as it was set last", function()
        local registry = new_registry()
        local counter = metric_registry.counter(registry, "a_total", "Help."):labels()
        local gauge = metric_registry.gauge(registry, "b", "Help."):labels()
        local region = registry.region
        counter:inc(1)
        -- What another worker did, in its block and in the common one.
        local other = require("resty.openclaw.core.memory.shared_memory.mapping").block_at(region.base, 2)
        require("resty.openclaw.core.memory.shared_memory.lease").announce(region, 2)
        other[counter.slot] = 10
        gauge:set(5)
        region.common[gauge.slot] = 7
        local samples = reader.parse((render(registry)))
        assert.equal("11", samples.a_total)
        assert.equal("7", samples.b)
    end)

    it("shows series of other workers, whose families are unknown here", function()
        local registry = new_registry()
        local slot = make(registry, 'counter elsewhere_total{model="v1"}')
        shared_memory.add(registry.region, slot, 2)
        slot = make(registry, 'histogram elsewhere_seconds{model="a } b"} 0.5,1', 4)
        shared_memory.add(registry.region, slot + 1, 1)
        shared_memory.add(registry.region, slot + 3, 0.75)
        local page = render(registry)
        local samples, types = reader.parse(page)
        assert.equal("2", samples['elsewhere_total{model="v1"}'])
        assert.equal("0", samples['elsewhere_seconds_bucket{model="a } b",le="0.5"}'])
        assert.equal("1", samples['elsewhere_seconds_count{model="a } b"}'])
        assert.same({ elsewhere_total = "counter", elsewhere_seconds = "histogram" }, types)
        assert.is_nil(reader.promtool(page))
    end)

    it("passes over slots that are no series", function()
        local registry = new_registry()
        for _, name in ipairs({
            "ewma 10.0.0.1:80", "counter", "counter 1a", "gauge a b c", "histogram a", "counter a-b", "node counter a", "",
            'summary a{b="c"}',
        }) do
            make(registry, name)
            assert(shared_memory.slot(registry.region, "counter slot_total" .. name))
        end
        assert.equal("", (render(registry)))
    end)

    it("escapes help and labels", function()
        local registry = new_registry()
        metric_registry.counter(registry, "a_total", 'One\\two\nthree "four".', { "x" }):labels('1\\2\n3"4{},= \0\255ä'):inc()
        local page = render(registry)
        assert.truthy(page:find('# HELP a_total One\\\\two\\nthree "four".\n', 1, true))
        assert.truthy(page:find('a_total{x="1\\\\2\\n3\\"4{},= ??ä"} 1\n', 1, true))
        assert.is_nil(reader.promtool(page))
    end)

    it("keeps families together however late a series comes", function()
        local registry = new_registry()
        local b = metric_registry.counter(registry, "b_total", "Help.", { "x" })
        local a = metric_registry.counter(registry, "a_total", "Help.", { "x" })
        local catalogue = catalogues.new(registry)
        for index = 1, 5 do
            b:labels(tostring(index)):inc(index)
            a:labels(tostring(index)):inc(index)
            local samples = reader.parse((render(registry, catalogue)))
            for known = 1, index do
                assert.equal(tostring(known), samples['a_total{x="' .. known .. '"}'])
                assert.equal(tostring(known), samples['b_total{x="' .. known .. '"}'])
            end
        end
    end)

    it("reads a row that was being made once more", function()
        local registry = new_registry()
        metric_registry.counter(registry, "a_total", "Help.", { "x" }):labels("1"):inc()
        -- Another worker has taken the next row, but has not named it yet.
        local region = registry.region
        local late = region.names:incr("next_slot", 1) - 1
        region.touched[late] = require("resty.openclaw.core.time.clock").now()
        region.generations[late] = 1
        local catalogue = catalogues.new(registry)
        for _ = 1, 3 do assert.is_nil(reader.parse((render(registry, catalogue)))["late_total"]) end
        region.names:set("name:" .. late, "counter late_total")
        assert.is_nil(reader.parse((render(registry, catalogue)))["late_total"])
        region.names:set("slot:counter late_total", late)
        assert.equal("0", reader.parse((render(registry, catalogue)))["late_total"])
    end)

    it("leaves out what contradicts a registered family", function()
        local registry = new_registry()
        make(registry, "gauge a_total")
        make(registry, 'histogram c{x="1"} 5,10', 4)
        metric_registry.counter(registry, "a_total", "Help."):labels():inc()
        metric_registry.histogram(registry, "c", "Help.", { "x" }, { 1, 2 }):labels("1"):observe(1)
        metric_registry.gauge(registry, "d", "Help.")
        make(registry, "counter d")
        local page = render(registry)
        local samples, types = reader.parse(page)
        assert.same({ a_total = "counter", c = "histogram" }, types)
        assert.equal("1", samples.a_total)
        assert.equal("1", samples['c_bucket{x="1",le="1"}'])
        assert.is_nil(samples['c_bucket{x="1",le="5"}'])
    end)

    it("takes the newest of contradicting series where nothing is registered", function()
        local registry = new_registry()
        make(registry, "counter a")
        make(registry, "gauge a")
        local _, types = reader.parse((render(registry)))
        assert.same({ a = "gauge" }, types)
    end)

    it("leaves out names that a histogram's lines have", function()
        local registry = new_registry()
        metric_registry.histogram(registry, "a", "Help.", {}, { 1 }):labels():observe(1)
        for _, suffix in ipairs({ "_bucket", "_sum", "_count" }) do
            metric_registry.gauge(registry, "a" .. suffix, "Help."):labels():set(5)
        end
        metric_registry.gauge(registry, "b_count", "Help."):labels():set(5)
        local samples, types = reader.parse((render(registry)))
        assert.same({ a = "histogram", b_count = "gauge" }, types)
        assert.equal("1", samples.a_count)
    end)

    it("shows what collectors work out, together by name", function()
        local registry = new_registry()
        for pool = 1, 2 do
            metric_registry.collect(registry, {
                name = "weight", kind = "gauge", help = "Weight.",
                collect = function(emit) emit('{pool="' .. pool .. '"}', pool / 10) end,
            })
            metric_registry.collect(registry, {
                name = "state", kind = "gauge", help = "State.",
                collect = function(emit) emit('{pool="' .. pool .. '"}', 0 / 0) end,
            })
        end
        metric_registry.collect(registry, { name = "none", kind = "gauge", help = "None.", collect = function() end })
        metric_registry.gauge(registry, "weight", "Taken by a collector."):labels():set(1)
        local page = render(registry)
        assert.same({
            ['weight{pool="1"}'] = "0.1", ['weight{pool="2"}'] = "0.2", ['state{pool="1"}'] = "NaN",
            ['state{pool="2"}'] = "NaN",
        }, (reader.parse(page)))
        assert.is_nil(reader.promtool(page))
    end)

    it("survives a collector that raises, and counts that", function()
        local registry = new_registry()
        metric_registry.collect(registry, {
            name = "broken", kind = "gauge", help = "Broken.",
            collect = function(emit)
                emit('{a="1"}', 1)
                error("no such node")
            end,
        })
        metric_registry.collect(registry, {
            name = "whole", kind = "gauge", help = "Whole.", collect = function(emit) emit("", 2) end,
        })
        local samples = reader.parse((render(registry)))
        assert.equal("1", samples['broken{a="1"}'])
        assert.equal("2", samples.whole)
        samples = reader.parse((render(registry)))
        assert.equal("1", samples['openclaw_faults_total{plugin="metrics",kind="collect"}'])
    end)

    it("comes in pieces, and ends when nobody wants the rest", function()
        -- By the work, whatever it takes here.
        local is_over = stub(time_slice, "is_over").invokes(function() return false end)
        finally(function() is_over:revert() end)
        local registry = new_registry()
        registry.most_series = 1e9
        local family = metric_registry.counter(registry, "a_total", "Help.", { "x" })
        for index = 1, 3000 do family:labels(tostring(index)):inc() end
        local page, pieces = render(registry)
        local _, count = page:gsub("\na_total{", "")
        assert.equal(3000, count)
        assert.is_true(#pieces >= 3)
        for _, piece in ipairs(pieces) do assert.is_true(#piece < 64 * 1024) end
        for _, format in ipairs({ text_format, open_metrics }) do
            local catalogue = catalogues.new(registry)
            catalogues.refresh(catalogue, function() end)
            for stop_after = 1, #pieces - 1 do
                local written = {}
                assert.is_false(exposition.render(catalogue, fault.new("metrics", registry), format, function(piece)
                    written[#written + 1] = piece
                    return #written < stop_after
                end))
                assert.equal(stop_after, #written)
                assert.is_nil(table.concat(written):find("EOF", 1, true))
            end
        end
    end)

    it("is sent in smaller pieces where more workers are added up", function()
        -- By the work, whatever it takes here.
        local is_over = stub(time_slice, "is_over").invokes(function() return false end)
        finally(function() is_over:revert() end)
        local registry = new_registry()
        registry.most_series = 1e9
        local family = metric_registry.counter(registry, "a_total", "Help.", { "x" })
        for index = 1, 3000 do family:labels(tostring(index)):inc() end
        local _, few = render(registry)
        registry.region.base[1] = 200
        local page, many = render(registry)
        assert.equal("1", (reader.parse(page))['a_total{x="3000"}'])
        assert.is_true(#many > 4 * #few, #many .. " pieces, " .. #few .. " before")
    end)

    it("pauses between collectors that emit much", function()
        local registry = new_registry()
        for index = 1, 3 do
            metric_registry.collect(registry, {
                name = "collected_" .. index, kind = "gauge", help = "Help.",
                collect = function(emit)
                    for line = 1, 2000 do emit('{x="' .. line .. '"}', line) end
                end,
            })
        end
        local page, pieces = render(registry)
        assert.is_true(#pieces >= 3)
        assert.equal("2000", (reader.parse(page))['collected_3{x="2000"}'])
    end)

    it("pauses while it reads many slots and many series", function()
        local registry = new_registry()
        registry.most_series = 1e9
        make(registry, "counter a_total")
        assert(shared_memory.slot(registry.region, "a long row", 200000))
        make(registry, "counter b_total")
        local pauses = 0
        local catalogue = catalogues.new(registry)
        catalogues.refresh(catalogue, function() pauses = pauses + 1 end)
        assert.is_true(pauses >= 3)
        assert.same({ "a_total", "b_total", "openclaw_metrics_lost_series_total" }, catalogue.names)
        local family = metric_registry.counter(registry, "c_total", "Help.", { "x" })
        for index = 1, 2560 do family:labels(tostring(index)) end
        pauses = 0
        catalogues.refresh(catalogue, function() pauses = pauses + 1 end)
        assert.is_true(pauses >= 10)
    end)

    it("lets others have their turn while figures are worked out", function()
        local registry = new_registry()
        local emitted, seen = 0, {}
        metric_registry.collect(registry, { name = "a", kind = "gauge", help = "Help.", collect = function(emit)
            for index = 1, 5 do
                emitted = index
                emit('{x="' .. index .. '"}', index)
            end
        end })
        local is_over = stub(time_slice, "is_over").invokes(function() return true end)
        finally(function() is_over:revert() end)
        local catalogue = catalogues.new(registry)
        local faults = fault.new("metrics", registry)
        assert.is_true(exposition.render(catalogue, faults, text_format, function()
            seen[#seen + 1] = emitted
            return true
        end))
        assert.same({ 1, 2, 3, 4, 5 }, { unpack(seen, 1, 5) })
        -- Who wants no more is not given more.
        seen = {}
        assert.is_false(exposition.render(catalogue, faults, text_format, function()
            seen[#seen + 1] = emitted
            return #seen < 2
        end))
        assert.equal(2, #seen)
    end)

    it("is itself while series come in between two pieces", function()
        local registry = new_registry()
        registry.most_series = 1e9
        local family = metric_registry.counter(registry, "m_total", "Help.", { "x" })
        for index = 1, 1500 do family:labels(tostring(index)):inc() end
        local catalogue = catalogues.new(registry)
        catalogues.refresh(catalogue, function() end)
        local pieces = {}
        exposition.render(catalogue, fault.new("metrics", registry), text_format, function(piece)
            pieces[#pieces + 1] = piece
            -- Meanwhile another page of this worker reads on.
            metric_registry.counter(registry, "a" .. #pieces .. "_total", "Help."):labels():inc()
            catalogues.refresh(catalogue, function() end)
            return true
        end)
        local samples = reader.parse(table.concat(pieces))
        assert.equal("1", samples['m_total{x="1500"}'])
    end)

    it("forgets what was dropped, and shows what took its slots", function()
        local registry = new_registry()
        local catalogue = catalogues.new(registry)
        local a = metric_registry.counter(registry, "a_total", "Help.", { "x" })
        for index = 1, 200 do a:labels(tostring(index)):inc() end
        render(registry, catalogue)
        local now = 1e9
        for index = 1, 200 do drop(registry, 'counter a_total{x="' .. index .. '"}', now) end
        assert.equal("", (render(registry, catalogue)))
        assert.is_nil(catalogue.by_name.a_total)
        local b = metric_registry.counter(registry, "b_total", "Help.", { "x" })
        for index = 1, 200 do b:labels(tostring(index)):inc(2) end
        a:labels("again"):inc(7)
        local samples = reader.parse((render(registry, catalogue)))
        assert.equal("7", samples['a_total{x="again"}'])
        assert.equal("2", samples['b_total{x="200"}'])
        assert.equal(201, require("table.nkeys")(samples))
        assert.same(samples, (reader.parse((render(registry)))))
    end)

    it("shows no value under a wrong name when slots go to others between two pieces", function()
        local registry = new_registry()
        registry.most_series = 1e9
        local family = metric_registry.counter(registry, "m_total", "Help.", { "x" })
        for index = 1, 6000 do family:labels(tostring(index)):inc() end
        local catalogue = catalogues.new(registry)
        catalogues.refresh(catalogue, function() end)
        local pieces = {}
        exposition.render(catalogue, fault.new("metrics", registry), text_format, function(piece)
            pieces[#pieces + 1] = piece
            if #pieces == 1 then
                -- Meanwhile half of them go, others take their slots, and another page of this worker reads on.
                for index = 3001, 6000 do drop(registry, 'counter m_total{x="' .. index .. '"}', 1e9) end
                local other = metric_registry.counter(registry, "other_total", "Help.", { "x" })
                for index = 1, 3000 do other:labels(tostring(index)):inc(1e6) end
                catalogues.refresh(catalogue, function() end)
            end
            return true
        end)
        local samples, count = reader.parse(table.concat(pieces)), 0
        samples.openclaw_metrics_lost_series_total = nil
        for _, value in pairs(samples) do
            assert.equal("1", value)
            count = count + 1
        end
        assert.equal(3000, count)
    end)
end)

describe("the page in OpenMetrics' format", function()
    local function render_open(registry, catalogue)
        return (render(registry, catalogue, open_metrics))
    end

    it("shows each kind", function()
        local registry = new_registry()
        metric_registry.counter(registry, "a_total", "All of a.", { "x", "y" }):labels("1", "2"):inc(3)
        metric_registry.counter(registry, "a_bytes_total", "Size."):labels():inc(123456789012345678)
        metric_registry.counter(registry, "a_thousandth", "Of one's own."):labels():inc(2 ^ 53 - 1)
        metric_registry.gauge(registry, "b", "What b is."):labels():set(-0.5)
        local histogram = metric_registry.histogram(registry, "c_seconds", "Lasting.", { "x" }, { 0.1, 1, 1e6 }):labels("q")
        for _, value in ipairs({ 0.05, 0.1, 0.5, 2, 7 }) do histogram:observe(value) end
        assert.equal(table.concat({
            "# TYPE a_bytes counter",
            "# UNIT a_bytes bytes",
            "# HELP a_bytes Size.",
            "a_bytes_total 1.2345678901234568e+17",
            "# TYPE a_thousandth unknown",
            "# HELP a_thousandth Of one's own.",
            "a_thousandth 9007199254740991",
            "# TYPE a counter",
            "# HELP a All of a.",
            'a_total{x="1",y="2"} 3',
            "# TYPE b gauge",
            "# HELP b What b is.",
            "b -0.5",
            "# TYPE c_seconds histogram",
            "# UNIT c_seconds seconds",
            "# HELP c_seconds Lasting.",
            'c_seconds_bucket{x="q",le="0.1"} 2',
            'c_seconds_bucket{x="q",le="1.0"} 3',
            'c_seconds_bucket{x="q",le="1e+06"} 5',
            'c_seconds_bucket{x="q",le="+Inf"} 5',
            'c_seconds_sum{x="q"} 9.65',
            'c_seconds_count{x="q"} 5',
            "# EOF",
            "",
        }, "\n"), render_open(registry))
    end)

    it("ends in EOF without any series, too", function()
        assert.equal("# EOF\n", render_open(new_registry()))
    end)

    it("has the same figures as the text", function()
        local registry = new_registry()
        for index = 1, 20 do
            metric_registry.counter(registry, "n" .. index .. "_total", "Help.", { "x" }):labels(tostring(index)):inc(index)
            metric_registry.gauge(registry, "g" .. index, "Help."):labels():set(index / 3)
        end
        metric_registry.collect(registry, {
            name = "collected_total", kind = "counter", help = "Help.", collect = function(emit) emit('{x="1"}', 7) end,
        })
        local samples, types = reader.parse_open(render_open(registry))
        assert.same((reader.parse((render(registry)))), samples)
        assert.equal("counter", types.collected)
        assert.equal("counter", types.n20)
    end)

    it("escapes help and labels", function()
        local registry = new_registry()
        metric_registry.counter(registry, "a_total", 'One\\two\nthree "four".', { "x" }):labels('1\\2\n3"4{},= \0\255ä'):inc()
        local page = render_open(registry)
        reader.parse_open(page)
        assert.truthy(page:find('# HELP a One\\\\two\\nthree \\"four\\".\n', 1, true))
        assert.truthy(page:find('a_total{x="1\\\\2\\n3\\"4{},= ??ä"} 1\n', 1, true))
    end)

    it("shows a counter whose family would take another's name as it is", function()
        local cases = {
            { other = "x", kind = "gauge" }, { other = "x", kind = "histogram" }, { other = "x", kind = "counter" },
            { other = "x_created", kind = "gauge" }, { other = "x", kind = "collector" },
        }
        for _, case in ipairs(cases) do
            local registry = new_registry()
            metric_registry.counter(registry, "x_total", "Counted."):labels():inc(2)
            if case.kind == "collector" then
                metric_registry.collect(registry, {
                    name = "x", kind = "gauge", help = "Help.", collect = function(emit) emit("", 5) end,
                })
            else
                metric_registry[case.kind](registry, case.other, "Another."):labels()
            end
            local samples, types = reader.parse_open(render_open(registry))
            assert.equal("unknown", types.x_total)
            assert.equal("2", samples.x_total)
        end
    end)

    it("keeps apart a counter's family and what a histogram's lines are called", function()
        local registry = new_registry()
        metric_registry.counter(registry, "h_count_total", "Counted."):labels():inc(2)
        metric_registry.histogram(registry, "h", "Observed."):labels():observe(1)
        local samples, types = reader.parse_open(render_open(registry))
        assert.same({ h = "histogram", h_count_total = "unknown" }, types)
        assert.equal("2", samples.h_count_total)
        assert.equal("1", samples.h_count)
    end)

    it("goes on after a collector that raises", function()
        local registry = new_registry()
        metric_registry.collect(registry, {
            name = "broken", kind = "gauge", help = "Broken.",
            collect = function(emit)
                emit('{a="1"}', 1)
                error("no such node")
            end,
        })
        assert.equal("1", (reader.parse_open(render_open(registry)))['broken{a="1"}'])
    end)
end)
