local allow_list = require("resty.openclaw.core.metrics.metric_registry.allow_list")
local http = require("spec.support.http")
local metric = require("nginx.metric")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local reader = require("spec.support.exposition")
local eventually = require("spec.support.eventually")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local registry = metric_registry.open("openclaw")

local function samples()
    return (reader.parse(http.get("/metrics/page").body))
end

--- How many misuses of a metric were counted.
local function misused(name)
    -- The page with all that the specs have made takes long, for every call.
    local slot = registry.region.names:get('slot:counter openclaw_metrics_misuse_total{metric="' .. name .. '"}')
    return slot and shared_memory.total(registry.region, slot) or 0
end

--- Checks that a call is counted as misuse of `name`, and changes nothing else.
local function refuses(name, call, ...)
    local before = misused(name)
    call(...)
    assert.equal(before + 1, misused(name))
end

describe("nginx.metric", function()
    it("is used in every phase", function()
        http.get("/metrics/phases")
        eventually(function() return samples()['test_phases_total{phase="log"}'] end)
        local shown = samples()
        for _, phase in ipairs({ "set", "rewrite", "access", "content", "header_filter", "body_filter", "log" }) do
            assert.equal("1", shown['test_phases_total{phase="' .. phase .. '"}'], phase)
        end
        assert.equal("0.25", shown.openclaw_inference_time)
        assert.equal("1", shown['openclaw_request_count{model="v1"}'])
    end)

    it("counts", function()
        metric.inc("test_metric_total")
        metric.inc("test_metric_total", 2)
        metric.inc("test_metric_total", 0.5, {})
        metric.inc("test_metric_total", nil, nil)
        assert.equal("4.5", samples().test_metric_total)
    end)

    it("sets", function()
        for _, value in ipairs({ 5, -1.5, math.huge }) do metric.set("test_metric_level", value) end
        assert.equal("+Inf", samples().test_metric_level)
        metric.set("test_metric_level", 2)
        assert.equal("2", samples().test_metric_level)
    end)

    it("observes", function()
        metric.observe("test_metric_seconds", 0.3, { model = "v1" })
        metric.observe("test_metric_seconds", 700, { model = "v1" })
        local shown = samples()
        assert.equal("1", shown['test_metric_seconds_bucket{model="v1",le="0.5"}'])
        assert.equal("2", shown['test_metric_seconds_bucket{model="v1",le="+Inf"}'])
        assert.equal("700.3", shown['test_metric_seconds_sum{model="v1"}'])
    end)

    it("takes labels in any order, of any simple type", function()
        metric.inc("test_labels_total", 1, { b = "2", a = "1", c = "3" })
        metric.inc("test_labels_total", 1, { c = 3, a = 1, b = 2 })
        metric.inc("test_labels_total", 1, { c = true, a = 0 / 0, b = 1.5 })
        metric.inc("test_labels_total", 1, { c = true, a = 0 / 0, b = 1.5 })
        local shown = samples()
        assert.equal("2", shown['test_labels_total{a="1",b="2",c="3"}'])
        assert.equal("2", shown['test_labels_total{a="' .. tostring(0 / 0) .. '",b="1.5",c="true"}'])
    end)

    it("uses the buckets and labels of a family that was made in advance", function()
        metric_registry.histogram(registry, "test_tokens", "Tokens.", { "model", "kind" }, { 10, 100 })
        metric.observe("test_tokens", 50, { kind = "prompt", model = "v1" })
        assert.equal("1", samples()['test_tokens_bucket{model="v1",kind="prompt",le="100"}'])
    end)

    it("passes over values it cannot use", function()
        metric.inc("test_value_total", 1)
        for _, value in ipairs({ -1, 0 / 0, math.huge, "1", false, {} }) do
            refuses("test_value_total", metric.inc, "test_value_total", value)
        end
        metric.set("test_value", 1)
        for _, value in ipairs({ 0 / 0, "1", false, {} }) do refuses("test_value", metric.set, "test_value", value) end
        refuses("test_value", metric.set, "test_value")
        metric.observe("test_value_seconds", 1)
        for _, value in ipairs({ 0 / 0, math.huge, -math.huge, "1", {} }) do
            refuses("test_value_seconds", metric.observe, "test_value_seconds", value)
        end
        refuses("test_value_seconds", metric.observe, "test_value_seconds", nil)
        local shown = samples()
        assert.equal("1", shown.test_value_total)
        assert.equal("1", shown.test_value)
        assert.equal("1", shown.test_value_seconds_count)
    end)

    it("passes over another kind", function()
        metric.inc("test_kind_total")
        refuses("test_kind_total", metric.set, "test_kind_total", 5)
        refuses("test_kind_total", metric.observe, "test_kind_total", 5)
        assert.equal("1", samples().test_kind_total)
    end)

    it("passes over other labels", function()
        metric.inc("test_names_total", 1, { a = "1", b = "2" })
        refuses("test_names_total", metric.inc, "test_names_total", 1)
        refuses("test_names_total", metric.inc, "test_names_total", 1, {})
        refuses("test_names_total", metric.inc, "test_names_total", 1, { a = "1" })
        refuses("test_names_total", metric.inc, "test_names_total", 1, { a = "1", c = "2" })
        refuses("test_names_total", metric.inc, "test_names_total", 1, { a = "1", b = "2", c = "3" })
        refuses("test_names_total", metric.inc, "test_names_total", 1, { "1", "2" })
        refuses("test_names_total", metric.inc, "test_names_total", 1, "a")
        refuses("test_names_total", metric.inc, "test_names_total", 1, { a = "1", b = {} })
        refuses("test_names_total", metric.inc, "test_names_total", 1, { a = "1", b = ngx.null })
        metric.inc("test_bare_total")
        refuses("test_bare_total", metric.inc, "test_bare_total", 1, { a = "1" })
        refuses("test_bare_total", metric.inc, "test_bare_total", 1, "a")
        assert.equal("1", samples()['test_names_total{a="1",b="2"}'])
    end)

    it("passes over names that are none", function()
        for _, name in ipairs({ "a-b", "1a", "", "test ä", "a{" }) do
            refuses(metric_registry.label_text({ "x" }, { name }):match('^{x="(.*)"}$'), metric.inc, name)
        end
        refuses("_other", metric.inc, nil)
        refuses("_other", metric.set, {}, 1)
        refuses("_other", metric.inc, 5)
        refuses("test_label_names_total", metric.inc, "test_label_names_total", 1, { ["a-b"] = "1" })
        refuses("test_label_names_total", metric.inc, "test_label_names_total", 1, { le = "1" })
        refuses("test_label_names_total", metric.inc, "test_label_names_total", 1, { __name__ = "1" })
        refuses("test_label_names_total", metric.inc, "test_label_names_total", 1, { "1" })
        assert.is_nil(samples()["test_label_names_total"])
    end)

    it("holds to what another worker has declared", function()
        local names = registry.region.names
        assert(names:safe_add("family:test_elsewhere", "gauge model"))
        refuses("test_elsewhere", metric.inc, "test_elsewhere", 1, { model = "v1" })
        refuses("test_elsewhere", metric.set, "test_elsewhere", 1, { node = "v1" })
        metric.set("test_elsewhere", 3, { model = "v1" })
        assert.equal("3", samples()['test_elsewhere{model="v1"}'])
    end)

    it("lets one worker win when two declare at one moment", function()
        local names = registry.region.names
        local real = registry.region.names
        -- The other worker's declaration comes between this worker's look and its own.
        local racing = setmetatable({}, { __index = function(_, method)
            return function(_, key, ...)
                if method == "safe_add" and key == "family:test_race" then real:set(key, "counter ") end
                return real[method](real, key, ...)
            end
        end })
        registry.region.names = racing
        finally(function() registry.region.names = names end)
        metric.set("test_race", 5)
        registry.region.names = names
        assert.equal(1, misused("test_race"))
        metric.inc("test_race")
        assert.equal("1", samples().test_race)
    end)

    it("makes no metric whose name a histogram's lines have", function()
        metric.observe("test_clash", 1)
        refuses("test_clash_count", metric.inc, "test_clash_count")
        refuses("test_clash_sum", metric.set, "test_clash_sum", 1)
        metric.set("test_crash_bucket", 1)
        refuses("test_crash", metric.observe, "test_crash", 1)
    end)

    it("makes no metric that a collector shows", function()
        metric_registry.collect(registry, { name = "test_collected", kind = "gauge", help = "H.", collect = function() end })
        refuses("test_collected", metric.set, "test_collected", 1)
    end)

    it("bounds the series of a metric and what it keeps of them", function()
        local before = registry.most_series
        registry.most_series = 10
        for index = 1, 50 do metric.inc("test_bounded_total", 1, { user = "user " .. index }) end
        registry.most_series = before
        local shown, count = samples(), 0
        for series in pairs(shown) do
            if series:find("^test_bounded_total") then count = count + 1 end
        end
        assert.equal(11, count)
        assert.equal("40", shown['test_bounded_total{user="_other"}'])
    end)

    it("counts misused names from outside together, past the first hundred", function()
        for index = 1, 300 do metric.inc("outside-" .. index) end
        local count = 0
        for series in pairs((samples())) do
            if series:find('misuse_total{metric="outside-', 1, true) then count = count + 1 end
        end
        assert.is_true(count <= 100)
        assert.is_true(misused("_other") >= 200)
    end)

    it("makes no garbage once it knows a series", function()
        local labels = { model = "v1", node = "a" }
        local function work(count)
            for index = 1, count do
                metric.inc("test_garbage_total", index, labels)
                metric.set("test_garbage", index)
                metric.observe("test_garbage_seconds", index % 7, labels)
            end
        end
        work(10000)
        collectgarbage()
        collectgarbage("stop")
        local before = collectgarbage("count")
        work(300000)
        local garbage = (collectgarbage("count") - before) * 1024
        collectgarbage("restart")
        assert.is_true(garbage < 20000, garbage .. " bytes of garbage")
    end)

    it("bounds the number of metrics", function()
        for index = 1, 600 do metric.inc("test_ever_" .. index .. "_total") end
        assert.is_nil(samples().test_ever_600_total)
    end)
end)

describe("a handle tree", function()
    local handle_tree = require("resty.openclaw.metrics.handle_tree")
    local other = metric_registry.open("no such dict: handle tree")

    it("keeps so many handles at most, and finds the others all the same", function()
        local family = metric_registry.counter(other, "a_total", "Help.", { "a", "b" })
        local tree = handle_tree.new(family, 3)
        for index = 1, 10 do
            local handle = assert(handle_tree.find(tree, { a = "x", b = index }))
            assert.equal(family:labels("x", tostring(index)), handle)
        end
        assert.equal(0, tree.room)
        assert.equal(3, require("table.nkeys")(tree.root.x))
    end)

    it("finds handles by the labels that are kept", function()
        local kept = metric_registry.open("no such dict: kept labels")
        local labels = allow_list.LABELS.read({ a_total = { "b", c = { "1", "2" } }, none_total = {} }, "metrics.labels", {})
        metric_registry.allow_labels(kept, labels, "metrics")
        local family = metric_registry.counter(kept, "a_total", "Help.", { "a", "b", "c" })
        local tree = handle_tree.new(family, 10)
        local one = handle_tree.find(tree, { a = "x", b = "y", c = 1 })
        assert.equal(one, (handle_tree.find(tree, { a = "z", b = "y", c = "1" })))
        local others = handle_tree.find(tree, { a = "x", b = "y", c = "3" })
        assert.not_equal(one, others)
        for index = 4, 50 do assert.equal(others, (handle_tree.find(tree, { a = index, b = "y", c = index }))) end
        assert.equal(8, tree.room)
        assert.same({ nil, "it has other labels" }, { handle_tree.find(tree, { b = "y", c = "1" }) })
        assert.is_nil((handle_tree.find(tree, { a = {}, b = "new", c = "1" })))
        local bare = handle_tree.new(metric_registry.counter(kept, "none_total", "Help.", { "a" }), 10)
        local handle = assert(handle_tree.find(bare, { a = "1" }))
        assert.equal(handle, (handle_tree.find(bare, { a = "2" })))
        assert.is_nil((handle_tree.find(bare, { b = "2" })))
        handle:inc()
        assert.equal(handle.slot, kept.region.names:get("slot:counter none_total"))
    end)

    it("keeps no long values", function()
        local tree = handle_tree.new(metric_registry.counter(other, "b_total", "Help.", { "a" }), 3)
        assert(handle_tree.find(tree, { a = string.rep("x", 129) }))
        assert(handle_tree.find(tree, { a = string.rep("x", 128) }))
        assert.equal(1, require("table.nkeys")(tree.root))
    end)
end)

describe("a new configuration", function()
    it("may give a name another meaning", function()
        local declaration = require("resty.openclaw.metrics.declaration")
        local other = metric_registry.open("no such dict: declaration")
        assert(declaration.declare(other, "counter", "a", {})):labels():inc()
        other.families.a = nil -- as in a new Lua machine
        local family, err = declaration.declare(other, "gauge", "a", {})
        assert.is_nil(family)
        assert.equal('it is "counter " already, not "gauge "', err)
        declaration.forget(other)
        assert.is_nil(other.region.names:get("family:a"))
        assert(declaration.declare(other, "gauge", "a", { "x" }))
    end)
end)
