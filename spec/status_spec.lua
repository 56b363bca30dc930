local activities = require("resty.openclaw.status.activity")
local eventually = require("spec.support.eventually")
local cjson = require("cjson")
local histories = require("resty.openclaw.status.history")
local http = require("spec.support.http")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local quantiles = require("resty.openclaw.status.quantile")
local request = require("resty.openclaw.core.request.request")
local series = require("resty.openclaw.status.series")
local setup = require("resty.openclaw.gateway.builder")
local status = require("resty.openclaw.status")
local statuses = require("spec.support.statuses")
local windows = require("resty.openclaw.status.window")
local document = require("resty.openclaw.status.document_json")
local fault = require("resty.openclaw.core.metrics.fault")
local outputs = require("resty.openclaw.core.text.json.output")
local plugin_json = require("resty.openclaw.status.plugin_json")

local VERSION = require("resty.openclaw").VERSION
local OPEN, GUARDED, GATEWAY = 18180, 18181, 18182
local STATUS, DASHBOARD = "/openclaw/status", "/openclaw/"

local function nothing() end

local function call(method, path, headers, port)
    local lines = { method .. " " .. path .. " HTTP/1.1", "Connection: close" }
    local has_host = false
    for _, line in ipairs(headers or {}) do
        lines[#lines + 1] = line
        if line:lower():find("^host:") then has_host = true end
    end
    if not has_host then lines[#lines + 1] = "Host: localhost" end
    return statuses.without_samples(http.raw, table.concat(lines, "\r\n") .. "\r\n\r\n", port or OPEN)
end

local function get(...) return call("GET", ...) end

local function assert_error(answer, expected, code)
    assert.equal(expected, answer.status, answer.body)
    assert.equal(code, cjson.decode(answer.body).error.code)
    assert.equal("no-store", answer.header("Cache-Control"))
    assert.equal("nosniff", answer.header("X-Content-Type-Options"))
    assert.equal("no-referrer", answer.header("Referrer-Policy"))
end

--- The status as a document, decoded and as text, with `now` for the time.
local function written(subject, now)
    local pieces = {}
    document.write(subject, outputs.sending(function(piece) pieces[#pieces + 1] = piece end, nothing), now, now)
    local text = table.concat(pieces)
    return cjson.decode(text), text
end

local number = 0

--- A gateway's figures in a registry of its own, as nobody else's, and a history whose clock a spec moves.
local function own_figures()
    number = number + 1
    -- No such dict: the figures stay in this process.
    local its_registry = metric_registry.open("status_spec_" .. number)
    local own = {
        registry = its_registry,
        now = 1000,
        history = histories.new(its_registry),
        upstreams = {},
        routes = {},
        worker_began = 1000,
    }
    own.plugins = plugin_json.new(fault.new("status", its_registry), function(route) return own.instances and own.instances[route] end)
    function own.counter(name, ...) return metric_registry.counter(its_registry, name, "", { ... }) end
    function own.histogram(name, bounds, ...) return metric_registry.histogram(its_registry, name, "", { ... }, bounds) end
    --- As if there had been a request since the last sample.
    function own.be_asked() own.history.activity.requests = -1 end
    --- Takes a sample, and lets five seconds pass.
    function own.step(times)
        for _ = 1, times or 1 do
            own.be_asked()
            histories.tick(own.history, own.now, nothing)
            own.now = own.now + 5
        end
    end
    function own.read() return (written(own, own.now)) end
    return own
end

local REQUESTS, DURATION = "openclaw_requests_total", "openclaw_request_duration_seconds"
local NULL = cjson.null

describe("quantiles", function()
    local quantile = quantiles.quantile

    it("are those of Prometheus", function()
        -- histogram_quantile over these buckets, by promtool test rules.
        local bounds = { 0.1, 0.2, 0.5, 1 }
        local counts = { 10, 20, 30, 40, 0 }
        assert.near(0.05, quantile(0.05, counts, bounds), 1e-12)
        assert.near(0.1, quantile(0.1, counts, bounds), 1e-12)
        assert.near(0.15, quantile(0.2, counts, bounds), 1e-12)
        assert.near(0.4, quantile(0.5, counts, bounds), 1e-12)
        assert.near(0.9375, quantile(0.95, counts, bounds), 1e-12)
        assert.near(1, quantile(1, counts, bounds), 1e-12)
    end)

    it("agree with promtool", function()
        local path = os.tmpname()
        finally(function() os.remove(path) os.remove(path .. ".yml") end)
        local bounds, counts = { 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5 }, { 3, 0, 7, 11, 0, 2, 40, 1, 5 }
        local lines, cumulative = {}, 0
        for index = 1, #counts do
            cumulative = cumulative + counts[index]
            lines[index] = ("      - series: 'd_bucket{le=\"%s\"}'\n        values: '%d'"):format(tostring(bounds[index] or "+Inf"), cumulative)
        end
        local tests = {}
        for _, share in ipairs({ 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1 }) do
            local value = quantile(share, counts, bounds)
            tests[#tests + 1] = ("      - expr: abs(histogram_quantile(%s, d_bucket) - %.17g) < bool 1e-12\n        eval_time: 0\n        exp_samples: [{ labels: '{}', value: 1 }]"):format(share, value)
        end
        local file = assert(io.open(path .. ".yml", "w"))
        file:write("tests:\n  - input_series:\n", table.concat(lines, "\n"), "\n    promql_expr_test:\n", table.concat(tests, "\n"), "\n")
        file:close()
        local pipe = assert(io.popen("promtool test rules " .. path .. ".yml 2>&1; echo status $?"))
        local output = pipe:read("*a")
        pipe:close()
        assert.truthy(output:find("status 0\n$"), output)
    end)

    it("are none without observations or bounds", function()
        assert.is_nil(quantile(0.5, {}, {}))
        assert.is_nil(quantile(0.5, { 0, 0, 0 }, { 1, 2 }))
        assert.is_nil(quantile(0.5, { 7 }, {}))
    end)

    it("say no more of the last bucket than where it begins, and nothing of what is below 0", function()
        assert.equal(2, quantile(0.5, { 1, 0, 9 }, { 1, 2 }))
        assert.equal(-1, quantile(0.5, { 9, 1 }, { -1 }))
        assert.equal(-1, quantile(0.1, { 9, 1, 0 }, { -1, 3 }))
    end)
end)

describe("labels", function()
    it("are read as they were written", function()
        for _, values in ipairs({
            { "a", "b" }, { "", "" }, { 'a"b', "c\\" }, { "\\", '"' }, { "line\nbreak", "\\n" }, { '",y="z', "}" }, { "\\\\\"\\\n", "a=b,c" }, { "\195\164\240\159\144\159", "{x}" },
            { ("\\"):rep(60), ('"'):rep(60) },
        }) do
            local text = metric_registry.label_text({ "x", "y" }, values)
            assert.same({ x = values[1], y = values[2] }, series.read_labels(text))
        end
        assert.same({}, series.read_labels(""))
    end)

    it("do no harm when they are broken", function()
        for _, text in ipairs({ "{", "{x", "{x=", '{x="', '{x="a', '{x="a\\', '{x="a\\"', "}", '{="a"}', '{"a"}', "\0" }) do
            assert.same({}, series.read_labels(text))
        end
        assert.same({ x = "a" }, series.read_labels('{x="a"'))
        assert.same({ x = "a" }, series.read_labels('{x="a",y="b'))
    end)
end)

describe("the window", function()
    it("is as long as there are samples, up to a minute", function()
        local own = own_figures()
        assert.equal(0, own.read().window_seconds)
        own.step()
        own.now = 1000.5
        assert.equal(0, own.read().window_seconds)
        own.now = 1001
        assert.equal(1, own.read().window_seconds)
        own.now = 1005
        own.step(11)
        assert.equal(60, own.read().window_seconds)
        own.step(1)
        assert.equal(65, own.read().window_seconds)
        own.now = own.now - 5
        assert.equal(60, own.read().window_seconds)
        own.now = own.now + 5
        own.step(200)
        assert.equal(65, own.read().window_seconds)
    end)

    it("has what came within it, and totals what came ever", function()
        local own = own_figures()
        local counter = own.counter(REQUESTS, "route", "variant", "status"):labels("r", "", "2xx")
        counter:inc(1000)
        own.step()
        counter:inc(50)
        own.now = 1010
        local route = own.read().routes.r
        assert.equal(5, route.recent.requests_per_second)
        assert.equal(1050, route.requests["2xx"])
        own.now = 1005
        own.step(12)
        assert.near(50 / 65, own.read().routes.r.recent.requests_per_second, 1e-5)
        own.step()
        assert.equal(0, own.read().routes.r.recent.requests_per_second)
        assert.equal(1050, own.read().routes.r.requests["2xx"])
        counter:inc(13)
        assert.equal(0.2, own.read().routes.r.recent.requests_per_second)
    end)

    it("counts all of a series that came into being within it", function()
        local own = own_figures()
        local family = own.counter(REQUESTS, "route", "status")
        own.step(2)
        family:labels("new", "2xx"):inc(20)
        assert.equal(2, own.read().routes.new.recent.requests_per_second)
        own.step(2)
        assert.equal(1, own.read().routes.new.recent.requests_per_second)
        own.step(11)
        assert.equal(0, own.read().routes.new.recent.requests_per_second)
    end)

    it("goes on from a total that has begun anew", function()
        local own = own_figures()
        local counter = own.counter(REQUESTS, "route", "status"):labels("r", "2xx")
        counter:inc(1000)
        own.step(2)
        own.registry.region.mine[counter.slot] = 0
        counter:inc(30)
        assert.equal(3, own.read().routes.r.recent.requests_per_second)
    end)

    it("begins anew with a series that was dropped and came back", function()
        local own = own_figures()
        local family = own.counter(REQUESTS, "route", "status")
        local rows = require("resty.openclaw.core.memory.shared_memory.rows")
        local gone = family:labels("gone", "2xx")
        gone:inc(100)
        own.step(2)
        local region = own.registry.region
        local slot = gone.slot
        region.seen[slot] = rows.activity(region, slot)
        assert.is_string(rows.drop(region, slot, 0))
        assert.is_nil(own.read().routes.gone)
        own.step()
        family:labels("gone", "2xx"):inc(7)
        own.now = own.now + 5
        assert.equal(7, own.read().routes.gone.requests["2xx"])
        assert.near(7 / own.read().window_seconds, own.read().routes.gone.recent.requests_per_second, 1e-5)
    end)

    it("of a worker that is new does not have what others have seen", function()
        local own = own_figures()
        local counter = own.counter(REQUESTS, "route", "status"):labels("r", "2xx")
        own.step(5)
        counter:inc(100)
        own.step(5)
        assert.equal(2, own.read().routes.r.recent.requests_per_second)
        own.history = histories.new(own.registry)
        local fresh = own.read()
        assert.equal(0, fresh.window_seconds)
        assert.equal(100, fresh.routes.r.requests["2xx"])
        assert.equal(NULL, fresh.routes.r.recent.requests_per_second)
        assert.equal(NULL, fresh.routes.r.recent.error_share)
        own.step()
        counter:inc(10)
        assert.equal(2, own.read().routes.r.recent.requests_per_second)
    end)

    --- Waits for the end of requests that other specs have left.
    local function until_quiet()
        local activity = activities.none()
        eventually(function() return not activities.look(activity) end, "no request is left")
    end

    it("takes none while there are no requests, and forgets nothing", function()
        until_quiet()
        local own = own_figures()
        local counter = own.counter(REQUESTS, "route", "status"):labels("r", "2xx")
        local durations = own.histogram("openclaw_upstream_try_duration_seconds", { 1 }, "upstream", "node"):labels("u", "n")
        own.step(3)
        counter:inc(60)
        durations:observe(2)
        own.step()
        local newest = own.history.newest
        for _ = 1, 3 do
            histories.tick(own.history, own.now, nothing)
            own.now = own.now + 5
        end
        -- It looks once more, as a request is counted a moment after it is over.
        assert.equal(newest + 1, own.history.newest)
        assert.equal(string.format("%.4f", 60 / 35), string.format("%.4f", own.read().routes.r.recent.requests_per_second))
        for _ = 1, 20 do
            histories.tick(own.history, own.now, nothing)
            own.now = own.now + 5
        end
        assert.equal(newest + 1, own.history.newest)
        assert.equal(65, own.read().window_seconds)
        assert.equal(0, own.read().routes.r.recent.requests_per_second)
        counter:inc(130)
        assert.equal(2, own.read().routes.r.recent.requests_per_second)
        own.step()
        assert.equal(newest + 2, own.history.newest)
        windows.each_chart(windows.look_back(own.history, own.now, nothing), "openclaw_upstream_try_duration_seconds",
            function(_, _, points)
                local places = {}
                for place, mean in pairs(points) do places[#places + 1] = { place, mean } end
                -- 24 steps ago.
                assert.same({ { 36, 2 } }, places)
            end)
    end)

    it("looks at each step while a request is there, or where nginx keeps no account", function()
        until_quiet()
        local activity = activities.none()
        for _ = 1, 2 do assert.is_true(activities.look(activity)) end
        assert.is_false(activities.look(activity))
        get("/bare")
        assert.is_true(activities.look(activity))
        assert.is_true(activities.look(activity))
        assert.is_false(activities.look(activity))
    end)

    it("survives a clock that is set back", function()
        local own = own_figures()
        own.counter(REQUESTS, "route", "status"):labels("r", "2xx"):inc()
        own.step(3)
        own.now = 10
        assert.equal(0, own.read().window_seconds)
        assert.equal(NULL, own.read().routes.r.recent.requests_per_second)
        own.step(20)
        assert.equal(65, own.read().window_seconds)
    end)

    it("goes on after a sample that failed, and takes one at a time", function()
        local own = own_figures()
        own.step()
        own.be_asked()
        local ok = pcall(histories.tick, own.history, own.now, function() error("no pause") end)
        own.counter(REQUESTS, "route", "status"):labels("r", "2xx"):inc()
        assert.is_true(ok)
        own.be_asked()
        ok = pcall(histories.tick, own.history, own.now, function() error("no pause") end)
        assert.is_false(ok)
        local newest = own.history.newest
        own.be_asked()
        histories.tick(own.history, own.now, function()
            histories.tick(own.history, own.now, function() error("two at a time") end)
        end)
        assert.equal(newest + 1, own.history.newest)
    end)
end)

describe("routes", function()
    it("are none where there are none", function()
        local own = own_figures()
        own.step(3)
        local _, text = written(own, own.now)
        assert.truthy(text:find('"upstreams":{},"routes":{},"edges":{},"images":{},"queues":{},"faults":[]', 1, true))
        assert.equal(0, cjson.decode(text).metrics.dropped_labels)
    end)

    it("have quantiles of what came lately", function()
        local own = own_figures()
        local bounds = { 0.1, 0.2, 0.5, 1 }
        local duration = own.histogram(DURATION, bounds, "route", "variant"):labels("r", "")
        local first_byte = own.histogram("openclaw_request_first_byte_seconds", bounds, "route", "variant"):labels("r", "")
        for _ = 1, 1000 do duration:observe(100) end
        own.step(2)
        for _ = 1, 10 do duration:observe(0.05) end
        for _ = 1, 20 do duration:observe(0.15) end
        for _ = 1, 30 do duration:observe(0.3) end
        for _ = 1, 40 do duration:observe(0.7) end
        first_byte:observe(0.15)
        local recent = own.read().routes.r.recent
        assert.near(0.4, recent.p50_seconds, 1e-6)
        assert.near(0.9375, recent.p95_seconds, 1e-6)
        assert.near(0.9875, recent.p99_seconds, 1e-6)
        assert.near(0.195, recent.first_byte_p95_seconds, 1e-6)
        own.step(13)
        assert.equal(NULL, own.read().routes.r.recent.p50_seconds)
    end)

    it("have the share of errors: 5xx, and what has no class", function()
        local own = own_figures()
        local family = own.counter(REQUESTS, "route", "variant", "status")
        own.step()
        for class, times in pairs({ ["1xx"] = 1, ["2xx"] = 80, ["3xx"] = 5, ["4xx"] = 4, ["5xx"] = 7, other = 2, _other = 1 }) do family:labels("r", "", class):inc(times) end
        local route = own.read().routes.r
        assert.same({ ["1xx"] = 1, ["2xx"] = 80, ["3xx"] = 5, ["4xx"] = 4, ["5xx"] = 7, other = 3 }, route.requests)
        assert.near(0.1, route.recent.error_share, 1e-6)
        own.step(14)
        assert.equal(NULL, own.read().routes.r.recent.error_share)
    end)

    it("have what their cache did", function()
        local own = own_figures()
        local cache = own.counter("openclaw_cache_requests_total", "route", "variant", "status")
        own.counter("openclaw_cache_saved_seconds_total", "route", "variant"):labels("r", ""):inc(12.5)
        cache:labels("r", "", "miss"):inc(1000)
        own.step()
        assert.equal(NULL, own.read().routes.r.recent.cache_hit_share)
        for state, times in pairs({ hit = 3, stale = 2, updating = 1, miss = 2, revalidated = 1, expired = 1, bypass = 2 }) do cache:labels("r", "", state):inc(times) end
        local route = own.read().routes.r
        assert.equal(0.5, route.recent.cache_hit_share)
        assert.equal(12.5, route.cache_saved_seconds)
    end)

    it("have null where nobody counts, and 0 where nobody has counted yet", function()
        local own = own_figures()
        own.routes = { "r" }
        own.step(2)
        local route = own.read().routes.r
        for _, name in ipairs({ "requests", "request_bytes", "response_bytes", "cache_saved_seconds", "models", "variants" }) do assert.equal(NULL, route[name], name) end
        for name, value in pairs(route.recent) do assert.equal(NULL, value, name) end
        own.counter(REQUESTS, "route", "variant", "status")
        own.counter("openclaw_request_bytes_total", "route", "variant")
        route = own.read().routes.r
        assert.equal(0, route.requests["2xx"])
        assert.equal(0, route.request_bytes)
        assert.equal(0, route.recent.requests_per_second)
        assert.equal(NULL, route.recent.error_share)
    end)

    it("are the sum of their variants, which stand side by side", function()
        local own = own_figures()
        local requests = own.counter(REQUESTS, "route", "variant", "status")
        local duration = own.histogram(DURATION, { 1, 2 }, "route", "variant")
        local bytes = own.counter("openclaw_response_bytes_total", "route", "variant")
        own.step()
        for variant, times in pairs({ [""] = 10, v1 = 20, v2 = 30 }) do
            requests:labels("r", variant, "2xx"):inc(times)
            requests:labels("r", variant, "5xx"):inc(times)
            bytes:labels("r", variant):inc(times)
            for _ = 1, times do duration:labels("r", variant):observe(variant == "v2" and 1.5 or 0.5) end
        end
        requests:labels("plain", "", "2xx"):inc(5)
        local routes = own.read().routes
        assert.equal(NULL, routes.plain.variants)
        assert.equal(24, routes.r.recent.requests_per_second)
        assert.equal(0.5, routes.r.recent.error_share)
        assert.equal(60, routes.r.response_bytes)
        assert.equal(1, routes.r.recent.p50_seconds)
        assert.equal(4, routes.r.variants[""].recent.requests_per_second)
        assert.equal(8, routes.r.variants.v1.recent.requests_per_second)
        assert.equal(0.5, routes.r.variants.v1.recent.p50_seconds)
        assert.equal(1.5, routes.r.variants.v2.recent.p50_seconds)
        assert.equal(30, routes.r.variants.v2.requests["5xx"])
    end)

    it("have their variants as well where nothing comes without one", function()
        local own = own_figures()
        local requests = own.counter(REQUESTS, "route", "variant", "status")
        requests:labels("r", "v1", "2xx"):inc()
        assert.equal(1, own.read().routes.r.variants.v1.requests["2xx"])
        requests:labels("r", "", "2xx")
        assert.is_nil(own.read().routes.r.variants[""])
        requests:labels("r", "", "4xx"):inc()
        assert.equal(1, own.read().routes.r.variants[""].requests["4xx"])
    end)

    it("have the tokens of each model", function()
        local own = own_figures()
        local prompt = own.counter("openclaw_inference_prompt_tokens_total", "route", "variant", "model")
        local completion = own.counter("openclaw_inference_completion_tokens_total", "route", "variant", "model")
        local first = own.histogram("openclaw_inference_first_token_seconds", { 1, 2 }, "route", "variant", "model")
        local speed = own.histogram("openclaw_inference_tokens_per_second", { 10, 100 }, "route", "variant", "model")
        own.step()
        for _, variant in ipairs({ "", "v" }) do own.counter(REQUESTS, "route", "variant", "status"):labels("r", variant, "2xx"):inc() end
        prompt:labels("r", "", "m"):inc(100)
        completion:labels("r", "", "m"):inc(50)
        completion:labels("r", "v", "m"):inc(5)
        first:labels("r", "", "m"):observe(0.5)
        speed:labels("r", "v", "m"):observe(55)
        local route = own.read().routes.r
        assert.same({
            prompt_tokens = 100, completion_tokens = 55,
            recent = { prompt_tokens_per_second = 20, completion_tokens_per_second = 11, answer_tokens_per_second_p50 = 55, first_token_p95_seconds = 0.95 },
        }, route.models.m)
        assert.equal(5, route.variants.v.models.m.completion_tokens)
        assert.equal(50, route.variants[""].models.m.completion_tokens)
        assert.equal(NULL, route.variants[""].models.m.recent.answer_tokens_per_second_p50)
    end)

    it("of any name are JSON", function()
        local own = own_figures()
        local family = own.counter(REQUESTS, "route", "variant", "status")
        local names = { "", '"', "\\", "</script>", "<img src=x onerror=alert(1)>", "a\nb", "\195\164", "__proto__", ("x"):rep(128), ",}]" }
        for _, name in ipairs(names) do family:labels(name, name, "2xx"):inc() end
        family:labels("broken \255", "", "2xx"):inc()
        local routes = own.read().routes
        for _, name in ipairs(names) do assert.equal(1, routes[name].requests["2xx"], name) end
        assert.equal(1, routes["broken ?"].requests["2xx"])
    end)

    it("mean nothing under a name that is another kind of metric", function()
        local own = own_figures()
        metric_registry.gauge(own.registry, REQUESTS, "", { "route" }):labels("r"):set(5)
        own.counter(DURATION, "route"):labels("r"):inc()
        own.histogram("openclaw_cache_requests_total", { 1 }, "route"):labels("r"):observe(1)
        own.step(3)
        own.routes = { "r" }
        local route = own.read().routes.r
        assert.equal(0, route.requests["2xx"])
        assert.equal(NULL, route.recent.p50_seconds)
    end)
end)

describe("nodes", function()
    local function report(address, state)
        return { address = address, state = state or "healthy", weight = 2, drain = false, in_flight = 3, effective_weight = 1.5, service_seconds = 0.25, concurrency = 4 }
    end

    local function own_nodes()
        local own = own_figures()
        own.reports = { report("10.0.0.1:1"), report("10.0.0.2:1", "down") }
        own.upstreams = { u = { report = function() return own.reports end } }
        function own.nodes() return own.read().upstreams.u.nodes end
        return own
    end

    it("are what their upstream reports, and null for the rest", function()
        local own = own_nodes()
        own.reports[2].service_seconds, own.reports[2].concurrency, own.reports[2].effective_weight = nil, 0 / 0, math.huge
        local first, second = unpack(own.nodes())
        assert.same({ "10.0.0.1:1", "healthy", 2, false, 3, 1.5, 0.25, 4 }, { first.address, first.state, first.weight, first.drain, first.in_flight, first.effective_weight, first.service_seconds, first.concurrency })
        assert.equal("down", second.state)
        for _, name in ipairs({ "service_seconds", "concurrency", "effective_weight", "tries", "answers", "seconds" }) do assert.equal(NULL, second[name], name) end
        for name, value in pairs(second.recent) do assert.equal(NULL, value, name) end
    end)

    it("say whether the fallback answers, where there is one", function()
        local own = own_nodes()
        assert.equal(NULL, own.read().upstreams.u.degraded)
        for _, value in ipairs({ true, false }) do
            own.upstreams.u.is_degraded = function() return value end
            assert.equal(value, own.read().upstreams.u.degraded)
        end
    end)

    describe("have a waiting room", function()
        local function own_room()
            local own = own_nodes()
            own.room = {
                concurrency = 20,
                is_learned = true,
                is_changed = false,
                taken = 12,
                classes = { { name = "standard", weight = 1, waiting = 3, size = 200 }, { name = "vip", weight = 8, waiting = 0, size = 0 } },
            }
            own.upstreams.u.queue = function() return own.room end
            function own.queue() return own.read().upstreams.u.queue end
            own.requests = own.counter("openclaw_queue_requests_total", "upstream", "class", "result")
            own.wait = own.histogram("openclaw_queue_wait_seconds", { 1, 2, 4 }, "upstream", "class")
            return own
        end

        it("only where there is one", function()
            local own = own_nodes()
            assert.equal(NULL, own.read().upstreams.u.queue)
            own.upstreams.u.queue = function() end
            assert.equal(NULL, own.read().upstreams.u.queue)
        end)

        it("with what their upstream reports", function()
            local own = own_room()
            local queue = own.queue()
            assert.same({ 20, true, false, 12, 2 }, { queue.concurrency, queue.learned, queue.changed, queue.taken, #queue.classes })
            local standard, vip = unpack(queue.classes)
            assert.same({ "standard", 1, 3, 200 }, { standard.name, standard.weight, standard.waiting, standard.size })
            assert.same({ "vip", 8, 0, 0 }, { vip.name, vip.weight, vip.waiting, vip.size })
            own.room.is_learned, own.room.is_changed = false, true
            assert.is_false(own.queue().learned)
            assert.is_true(own.queue().changed)
        end)

        it("whose fields are in their order, null without counts", function()
            local own = own_nodes()
            own.upstreams.u.queue = function()
                return { concurrency = 2, is_learned = false, is_changed = true, taken = 1, classes = { { name = 'a"b', weight = 0.5, waiting = 1, size = 2 } } }
            end
            own.step()
            local _, text = written(own, own.now)
            assert.truthy(text:find(
                '"queue":{"concurrency":2,"learned":false,"changed":true,"taken":1,"classes":[{"name":"a\\"b","weight":0.5,"waiting":1,"size":2,'
                    .. '"requests_per_second":null,"p95_wait_seconds":null,"refused_per_second":null}]}',
                1,
                true
            ), text)
        end)

        it("with what became of requests lately, by class", function()
            local own = own_room()
            for _, result in ipairs({ "at_once", "waited", "full", "timeout", "deadline", "left" }) do own.requests:labels("u", "standard", result):inc(1000) end
            for _ = 1, 100 do own.wait:labels("u", "standard"):observe(3.9) end
            own.step()
            for result, count in pairs({ at_once = 10, waited = 15, full = 1, timeout = 3, deadline = 6, left = 100 }) do
                own.requests:labels("u", "standard", result):inc(count)
            end
            own.requests:labels("other", "standard", "at_once"):inc(50)
            for _ = 1, 20 do own.wait:labels("u", "standard"):observe(1.5) end
            own.wait:labels("other", "standard"):observe(3)
            local standard, vip = unpack(own.queue().classes)
            assert.equal(5, standard.requests_per_second)
            assert.equal(2, standard.refused_per_second)
            assert.near(1.95, standard.p95_wait_seconds, 1e-9)
            assert.equal(0, vip.requests_per_second)
            assert.equal(0, vip.refused_per_second)
            assert.equal(NULL, vip.p95_wait_seconds)
        end)
    end)

    it("have their tries and answers", function()
        local own = own_nodes()
        local tries = own.counter("openclaw_upstream_tries_total", "upstream", "node")
        local answers = own.counter("openclaw_upstream_answers_total", "upstream", "node", "status")
        tries:labels("u", "10.0.0.1:1"):inc(100)
        tries:labels("other", "10.0.0.1:1"):inc(7)
        own.step()
        tries:labels("u", "10.0.0.1:1"):inc(20)
        answers:labels("u", "10.0.0.1:1", "2xx"):inc(15)
        answers:labels("u", "10.0.0.1:1", "5xx"):inc(5)
        local first, second = unpack(own.nodes())
        assert.equal(120, first.tries)
        assert.equal(4, first.recent.requests_per_second)
        assert.equal(0.25, first.recent.error_share)
        assert.equal(5, first.answers["5xx"])
        assert.equal(0, second.tries)
        assert.equal(0, second.answers["2xx"])
        assert.equal(NULL, second.recent.error_share)
    end)

    it("have the mean of a try, and its course over five minutes", function()
        local own = own_nodes()
        local duration = own.histogram("openclaw_upstream_try_duration_seconds", { 0.1, 1 }, "upstream", "node"):labels("u", "10.0.0.1:1")
        for _ = 1, 100 do duration:observe(9) end
        own.step()
        assert.equal(60, #own.nodes()[1].seconds)
        for _, point in ipairs(own.nodes()[1].seconds) do assert.equal(NULL, point) end
        duration:observe(0.5)
        duration:observe(1.5)
        own.step(2)
        duration:observe(3)
        local node = own.nodes()[1]
        assert.near(5 / 3, node.recent.mean_seconds, 1e-5)
        assert.equal(1, node.seconds[59])
        assert.equal(NULL, node.seconds[60])
        assert.equal(NULL, node.seconds[58])
        own.step()
        assert.equal(3, own.nodes()[1].seconds[60])
        own.step(57)
        local seconds = own.nodes()[1].seconds
        assert.equal(60, #seconds)
        for place, point in ipairs(seconds) do assert.equal(({ [1] = 1, [3] = 3 })[place] or NULL, point) end
        own.step(2)
        for place, point in ipairs(own.nodes()[1].seconds) do assert.equal(({ [1] = 3 })[place] or NULL, point) end
        own.step(2)
        for _, point in ipairs(own.nodes()[1].seconds) do assert.equal(NULL, point) end
        assert.equal(NULL, own.nodes()[1].recent.mean_seconds)
    end)
end)

describe("plugins", function()
    local own, plugin

    before_each(function()
        own = own_figures()
        own.routes = { "r", "s" }
        plugin = {}
        own.instances = { r = { mine = plugin, silent = {}, ["a data field"] = { status = 5 } } }
    end)

    local function fault_count()
        local family = metric_registry.counter(own.registry, "openclaw_faults_total", "", { "plugin", "kind" })
        return require("resty.openclaw.core.memory.shared_memory").total(own.registry.region, family:labels("status", "plugin").slot)
    end

    --- What the document has of the plugin, and the lines that were logged.
    local function shown()
        local log = stub(ngx, "log")
        local ok, read = pcall(own.read)
        log:revert()
        assert(ok, read)
        local lines = {}
        for _, entry in ipairs(log.calls) do
            local parts = {}
            for place = 2, entry.vals.n or #entry.vals do parts[#parts + 1] = tostring(entry.vals[place]) end
            lines[#lines + 1] = table.concat(parts)
        end
        return read.routes.r.plugins.mine, lines
    end

    it("are shown in their route, with what they say", function()
        local asked
        function plugin.status(self, route)
            asked = { self, route }
            return { count = 5, share = 0.25, name = 'a"b', open = true, list = { 1, "two", { three = 3 } }, nested = { deep = { er = 1 } }, empty = {} }
        end
        local routes = own.read().routes
        assert.same({ mine = { count = 5, share = 0.25, name = 'a"b', open = true, list = { 1, "two", { three = 3 } }, nested = { deep = { er = 1 } }, empty = {} } }, routes.r.plugins)
        assert.same({}, routes.s.plugins)
        assert.equal(plugin, asked[1])
        assert.equal("r", asked[2])
    end)

    it("are null where they say nothing", function()
        function plugin.status() end
        assert.equal(NULL, (shown()))
        assert.equal(0, fault_count())
    end)

    it("may yield", function()
        function plugin.status()
            ngx.sleep(0.001)
            return { count = 1 }
        end
        assert.same({ count = 1 }, (shown()))
    end)

    it("that raise are null, and each time a fault", function()
        function plugin.status() error("broken", 0) end
        local value, lines = shown()
        assert.equal(NULL, value)
        assert.same({ 'status: plugin: status() of "mine" in the route "r" failed: broken' }, lines)
        shown()
        assert.equal(2, fault_count())
    end)

    it("that say what JSON does not have are a fault once, and the rest is shown", function()
        local deep = { 1 }
        for _ = 1, 8 do deep = { deep } end
        for _, case in ipairs({
            { { f = print, x = 1 }, { f = NULL, x = 1 }, "JSON has no function" },
            { { t = { 1, a = 2 }, x = 1 }, { t = NULL, x = 1 }, "a table has keys that are neither all names nor those of a list" },
            { { d = deep, x = 1 }, { d = { { { { { { { NULL } } } } } } }, x = 1 }, "tables are nested over 8 deep" },
            { { long = ("x"):rep(70000) }, NULL, "it takes over 65536 bytes" },
            { 5, NULL, "it is a number" },
        }) do
            plugin.status = nil
            own.instances.r.mine = { status = function() return case[1] end }
            local before = fault_count()
            own.plugins.faults.next_line = {}
            local value, lines = shown()
            assert.same(case[2], value)
            assert.same({ 'status: plugin: status() of "mine" in the route "r" cannot be shown: ' .. case[3] }, lines)
            shown()
            assert.equal(before + 1, fault_count())
        end
    end)
end)

describe("queues, faults and lost metrics", function()
    it("are shown by sink, by plugin and kind, and in all", function()
        local own = own_figures()
        for _, name in ipairs({ "queued", "queued_bytes", "spool_bytes" }) do
            metric_registry.collect(own.registry, { name = "openclaw_post_action_" .. name, kind = "gauge", help = "", collect = function(emit)
                emit(metric_registry.label_text({ "sink" }, { 'a"b' }), ({ queued = 3, queued_bytes = 400, spool_bytes = 500 })[name])
            end })
        end
        metric_registry.collect(own.registry, { name = "openclaw_post_action_queued", kind = "gauge", help = "", collect = function() error("broken") end })
        own.counter("openclaw_post_action_sent_total", "sink"):labels('a"b'):inc(10)
        own.counter("openclaw_post_action_retries_total", "sink"):labels('a"b'):inc(2)
        local dropped = own.counter("openclaw_post_action_dropped_total", "sink", "reason")
        dropped:labels('a"b', "overflow"):inc(4)
        dropped:labels('a"b', "exit")
        own.counter("openclaw_post_action_sent_total", "sink"):labels("idle")
        local faults = own.counter("openclaw_faults_total", "plugin", "kind")
        faults:labels("status", "sample"):inc(2)
        faults:labels("admin", "token"):inc()
        own.counter("openclaw_metrics_dropped_labels_total", "metric"):labels("x"):inc(5)
        own.counter("openclaw_metrics_dropped_labels_total", "metric"):labels("y"):inc(6)
        local shown, text = written(own, own.now)
        assert.same({ queued = 3, queued_bytes = 400, spool_bytes = 500, sent = 10, retries = 2, dropped = { overflow = 4, exit = 0 } }, shown.queues['a"b'])
        assert.same({ queued = NULL, queued_bytes = NULL, spool_bytes = NULL, sent = 0, retries = NULL, dropped = {} }, shown.queues.idle)
        assert.truthy(text:find('"dropped":{}', 1, true))
        assert.same({ { plugin = "admin", kind = "token", count = 1 }, { plugin = "status", kind = "sample", count = 2 } }, shown.faults)
        assert.equal(11, shown.metrics.dropped_labels)
    end)
end)

describe("edges", function()
    it("are shown by route, with their links and what became of their jobs", function()
        local own = own_figures()
        local function collect(name, labels, values, figure)
            metric_registry.collect(own.registry, { name = name, kind = "gauge", help = "", collect = function(emit)
                emit(metric_registry.label_text(labels, values), figure)
            end })
        end
        collect("openclaw_edge_link_up", { "route" }, { "pond" }, 0)
        collect("openclaw_edge_link_up", { "route" }, { 'a"b' }, 1)
        collect("openclaw_edge_jobs", { "route", "state" }, { "pond", "pending" }, 7)
        collect("openclaw_edge_jobs", { "route", "state" }, { "pond", "done" }, 2)
        collect("openclaw_edge_jobs", { "route", "state" }, { "pond", "failed" }, 3)
        collect("openclaw_edge_oldest_seconds", { "route" }, { "pond" }, 12.5)
        collect("openclaw_edge_store_bytes", { "route", "state" }, { "pond", "pending" }, 4096)
        collect("openclaw_edge_store_bytes", { "route", "state" }, { "pond", "done" }, 100)
        local jobs = own.counter("openclaw_edge_jobs_total", "route", "result")
        jobs:labels("pond", "accepted"):inc(9)
        jobs:labels("pond", "expired")
        local shown, text = written(own, own.now)
        assert.same({
            link = "down", pending = 7, done = 2, failed = 3, oldest_seconds = 12.5, stored_bytes = 4196,
            results = { accepted = 9, expired = 0 },
        }, shown.edges.pond)
        assert.same({
            link = "up", pending = NULL, done = NULL, failed = NULL, oldest_seconds = NULL, stored_bytes = NULL, results = {},
        }, shown.edges['a"b'])
        assert.truthy(text:find('"results":{}', 1, true))
        own.counter("openclaw_edge_jobs_total", "route", "result"):labels("old", "accepted"):inc()
        assert.equal(NULL, (written(own, own.now)).edges.old.link)
    end)
end)

describe("images", function()
    it("are shown by route, with what became of requests and bytes", function()
        local own = own_figures()
        for name, figures in pairs({ openclaw_image_running = { pond = 2, quiet = 0 }, openclaw_image_waiting = { pond = 5, quiet = 0 } }) do
            metric_registry.collect(own.registry, { name = name, kind = "gauge", help = "", collect = function(emit)
                for route, figure in pairs(figures) do emit(metric_registry.label_text({ "route" }, { route }), figure) end
            end })
        end
        local jobs = own.counter("openclaw_image_jobs_total", "route", "result")
        local bytes = own.counter("openclaw_image_bytes_total", "route", "direction")
        jobs:labels("quiet", "converted")
        for _, direction in ipairs({ "in", "out" }) do bytes:labels("quiet", direction) end
        for result, count in pairs({ converted = 1000, untouched = 70, trusted = 60, broken_image = 30, image_queue_full = 20, failed = 4 }) do
            jobs:labels("pond", result):inc(count)
        end
        bytes:labels("pond", "in"):inc(4000)
        bytes:labels("pond", "out"):inc(1000)
        local without = own.read().images.quiet
        assert.same({ converted_per_second = NULL, refused_per_second = NULL }, without.recent)
        own.step()
        for result, count in pairs({ converted = 25, untouched = 100, trusted = 100, broken_image = 3, image_timeout = 7 }) do
            jobs:labels("pond", result):inc(count)
        end
        local shown, text = written(own, own.now)
        assert.same({
            running = 2, waiting = 5, converted = 1025, refused = 64, bytes_in = 4000, bytes_out = 1000, saved_share = 0.75,
            recent = { converted_per_second = 5, refused_per_second = 2 },
        }, shown.images.pond)
        assert.truthy(text:find(
            '"quiet":{"running":0,"waiting":0,"converted":0,"refused":0,"bytes_in":0,"bytes_out":0,"saved_share":null,'
                .. '"recent":{"converted_per_second":0,"refused_per_second":0}}',
            1,
            true
        ), text)
    end)

    it("may have become larger, or be those of a route that is gone", function()
        local own = own_figures()
        local bytes = own.counter("openclaw_image_bytes_total", "route", "direction")
        bytes:labels("old", "in"):inc(100)
        bytes:labels("old", "out"):inc(150)
        local old = own.read().images.old
        assert.same({ NULL, NULL, -0.5 }, { old.running, old.waiting, old.saved_share })
    end)
end)

describe("the document", function()
    it("has its fields in their order", function()
        local own = own_figures()
        own.started = 900
        own.upstreams = { u = { report = function() return { { address = "a:1", state = "healthy", weight = 1, drain = false, in_flight = 0, effective_weight = 1 } } end } }
        own.routes = { "r" }
        own.step()
        own.now = 1002.5
        local _, text = written(own, own.now)
        assert.equal(
            '{"version":"' .. VERSION .. '","time":1002.5,"started":900,"workers":1,"worker":{"pid":' .. ngx.worker.pid() .. ',"seconds":2.5},"connections":null,"window_seconds":2.5,'
                .. '"upstreams":{"u":{"degraded":null,"queue":null,"nodes":[{"address":"a:1","state":"healthy","reason":null,"seconds_left":null,"weight":1,"drain":false,"effective_weight":1,"in_flight":0,"service_seconds":null,'
                .. '"concurrency":null,"tries":null,"answers":null,"recent":{"requests_per_second":null,"error_share":null,"mean_seconds":null},"seconds":null}]}},'
                .. '"routes":{"r":{"requests":null,"request_bytes":null,"response_bytes":null,"cache_saved_seconds":null,"recent":{"requests_per_second":null,"error_share":null,'
                .. '"p50_seconds":null,"p95_seconds":null,"p99_seconds":null,"first_byte_p95_seconds":null,"cache_hit_share":null},"models":null,"variants":null,"plugins":{}}},'
                .. '"edges":{},"images":{},"queues":{},"faults":[],"metrics":{"dropped_labels":0,"lost_series":0,"misuse":N,"expired_series":N},"memory":{"slots":{"used":N,"free":N},"bytes":null}}\n',
            (text:gsub('("misuse":)%w+(,"expired_series":)%w+', "%1N%2N"):gsub('"used":%d+,"free":%d+', '"used":N,"free":N'))
        )
    end)

    it("goes out in small pieces, with pauses while the figures are read", function()
        local own = own_figures()
        local family = own.histogram(DURATION, { 1, 2, 3, 4 }, "route", "variant")
        for route = 1, 100 do
            for variant = 1, 3 do family:labels("r" .. route, "v" .. variant):observe(1) end
        end
        local pauses, pieces, longest = 0, 0, 0
        local function pause() pauses = pauses + 1 end
        local function pauses_of(work, ...)
            pauses = 0
            work(...)
            return pauses
        end
        own.step()
        -- One after each series, twice, and after each family; the index itself pauses as well.
        local of_index = pauses_of(series.refresh, own.history.index, pause)
        assert.equal(of_index + 601, pauses_of(histories.sample, own.history, own.now, pause))
        local window = windows.look_back(own.history, own.now, pause)
        assert.equal(300, pauses_of(windows.each_histogram, window, DURATION, nothing))
        local output = outputs.sending(function(piece)
            pieces = pieces + 1
            longest = math.max(longest, #piece)
        end, pause)
        document.write(own, output, own.now, own.now)
        assert.is_true(pieces > 20, pieces)
        assert.is_true(longest < 20000, longest)
    end)
end)

describe("status over HTTP", function()
    it("answers with JSON", function()
        statuses.reports = { { address = "127.0.0.1:1", state = "busy", weight = 1, drain = false, in_flight = 0, effective_weight = 1 } }
        local answer = get(STATUS)
        assert.equal(200, answer.status)
        assert.equal("application/json", answer.header("Content-Type"))
        assert.equal("no-store", answer.header("Cache-Control"))
        assert.equal("nosniff", answer.header("X-Content-Type-Options"))
        assert.equal("no-referrer", answer.header("Referrer-Policy"))
        local shown = cjson.decode(answer.body)
        assert.equal(VERSION, shown.version)
        assert.equal("busy", shown.upstreams.told.nodes[1].state)
        assert.same({}, shown.upstreams.other.nodes)
        assert.is_table(shown.routes.unused)
        assert.equal(1, shown.workers)
        assert.near(request.now(), shown.time, 5)
        assert.is_true(shown.started <= shown.time)
        assert.is_number(shown.connections.active)
        local bare = cjson.decode(get("/bare").body)
        assert.same({}, bare.upstreams)
    end)

    it("takes samples by itself from the first request on", function()
        local own = status.new({ dict = "status_spec_timers" })
        local every = stub(ngx.timer, "every").returns(true)
        own:init_worker()
        own:init_worker()
        every:revert()
        assert.stub(every).was.called(1)
        assert.equal(5, every.calls[1].vals[1])
        require("spec.support.eventually")(function() return own.history.newest == 1 end, "a sample")
        own.history.activity.requests = -1
        every.calls[1].vals[2](false, own)
        assert.equal(2, own.history.newest)
        every.calls[1].vals[2](true, own)
        assert.equal(2, own.history.newest)
        assert.is_true(own.has_begun)
        get("/bare")
        assert.is_true(statuses.bare.has_begun)
    end)

    it("answers HEAD without a body, and nothing else than GET and HEAD", function()
        for _, path in ipairs({ STATUS, DASHBOARD }) do
            local answer = call("HEAD", path)
            assert.equal(200, answer.status)
            assert.equal("", answer.body)
            for _, method in ipairs({ "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW_" }) do
                answer = call(method, path)
                assert_error(answer, 405, "method_not_allowed")
                assert.equal("GET, HEAD", answer.header("Allow"))
            end
        end
    end)

    it("is for programs on this machine alone without a token", function()
        for _, path in ipairs({ STATUS, DASHBOARD }) do
            for _, header in ipairs({ "X-Forwarded-For: 127.0.0.1", "Via: 1.1 x", "Forwarded: for=::1", "X-Real-IP: 127.0.0.1", "Origin: http://evil.example", "Host: evil.example" }) do
                assert_error(get(path, { header }), 403, "forbidden")
            end
            assert_error(call("POST", path, { "Via: 1.1 x" }), 403, "forbidden")
        end
    end)

    describe("with a token", function()
        it("takes it as a bearer token or as a password, from wherever", function()
            for _, path in ipairs({ STATUS, DASHBOARD }) do
                for _, authorization in ipairs({ "Bearer " .. statuses.TOKEN, "Basic " .. ngx.encode_base64("me:" .. statuses.TOKEN), "basic " .. ngx.encode_base64(":" .. statuses.TOKEN) }) do
                    local answer = get(path, { "Authorization: " .. authorization, "Via: 1.1 x", "Host: gateway.example" }, GUARDED)
                    assert.equal(200, answer.status)
                end
            end
        end)

        it("asks for it in a way that browsers understand", function()
            for _, path in ipairs({ STATUS, DASHBOARD }) do
                for _, authorization in ipairs({ "", "Bearer x", "Basic x", "Basic " .. ngx.encode_base64(statuses.TOKEN .. ":x"), "Basic " .. statuses.TOKEN }) do
                    local answer = get(path, { "Authorization: " .. authorization }, GUARDED)
                    assert_error(answer, 401, "unauthorized")
                    assert.equal('Basic realm="openclaw", charset="UTF-8"', answer.header("WWW-Authenticate"))
                    assert.is_nil(answer.body:find(statuses.TOKEN, 1, true))
                end
            end
        end)
    end)

    describe("the page", function()
        local page = require("resty.openclaw.status.page")

        it("is sent whole, with a policy that lets nothing else run", function()
            local answer = get(DASHBOARD)
            assert.equal(200, answer.status)
            assert.equal(page.html, answer.body)
            assert.equal(tostring(#page.html), answer.header("Content-Length"))
            assert.equal("text/html; charset=utf-8", answer.header("Content-Type"))
            assert.equal("nosniff", answer.header("X-Content-Type-Options"))
            local policy = answer.header("Content-Security-Policy")
            for _, rule in ipairs({ "default-src 'none'", "connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'" }) do
                assert.truthy(policy:find(rule, 1, true), rule)
            end
            assert.is_nil(policy:find("unsafe", 1, true))
        end)

        it("has the hashes of what it holds in its policy", function()
            local sha256 = require("resty.openclaw.core.bytes.digest").new("sha256")
            for tag, rule in pairs({ script = "script%-src", style = "style%-src" }) do
                local text = page.html:match("<" .. tag .. ">(.-)</" .. tag .. ">")
                local hex = assert(sha256:of(text))
                local bytes = hex:gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end)
                assert.equal("'sha256-" .. ngx.encode_base64(bytes) .. "'", page.content_security_policy:match(rule .. " (%S-)[;%s]"))
            end
        end)

        it("asks for nothing from elsewhere", function()
            for address in page.html:gmatch("https?://[%w./-]*") do
                assert.equal("http://www.w3.org/2000/svg", address)
            end
            assert.is_nil(page.html:find("@import", 1, true))
            assert.is_nil(page.html:find("url(", 1, true))
            assert.is_nil(page.html:find("innerHTML", 1, true))
        end)

        it("is sent once to who keeps it", function()
            local tag = get(DASHBOARD).header("ETag")
            assert.equal(page.etag, tag)
            for _, known in ipairs({ tag, "W/" .. tag, '"x", ' .. tag, "*" }) do
                local answer = get(DASHBOARD, { "If-None-Match: " .. known })
                assert.equal(304, answer.status)
                assert.equal("", answer.body)
                assert.equal(tag, answer.header("ETag"))
            end
            for _, other in ipairs({ '"x"', "", tag:sub(1, -3) .. '"' }) do
                assert.equal(200, get(DASHBOARD, { "If-None-Match: " .. other }).status)
            end
            assert_error(get(DASHBOARD, { "If-None-Match: *", "Via: x" }), 403, "forbidden")
        end)
    end)

    it("is compressed by the gateway's configuration, for who can take it", function()
        for _, path in ipairs({ STATUS, DASHBOARD }) do
            local answer = get(path, { "Accept-Encoding: gzip" }, GATEWAY)
            assert.equal(200, answer.status)
            assert.equal("gzip", answer.header("Content-Encoding"))
            assert.equal("\31\139", answer.body:sub(1, 2))
            assert.is_nil(get(path, nil, GATEWAY).header("Content-Encoding"))
        end
    end)
end)

describe("status in the gateway", function()
    it("answers at its addresses, whatever hooks and locations the server has", function()
        local answer = get(STATUS, nil, GATEWAY)
        assert.equal(200, answer.status)
        local shown = cjson.decode(answer.body)
        assert.is_table(shown.upstreams.gateway_nodes)
        assert.is_table(shown.routes.photograph.requests)
        assert.equal(VERSION, shown.version)
        assert.equal(200, get(DASHBOARD, nil, GATEWAY).status)
        -- `return` comes before any hook of the server.
        for _, path in ipairs({ "/openclaw", "/openclaw/status/", "/openclaw/x" }) do assert.equal(204, get(path, nil, GATEWAY).status) end
    end)

    it("tells when it was never set up, and is there when it was set up with nothing", function()
        assert_error({ status = get("/unset/status").status, body = get("/unset/status").body, header = function(name) return ({ ["Cache-Control"] = "no-store", ["X-Content-Type-Options"] = "nosniff", ["Referrer-Policy"] = "no-referrer" })[name] end }, 500, "not_set_up")
        assert.equal(500, get("/unset/dashboard").status)
        local shown = cjson.decode(get("/set-up-with-nothing").body)
        assert.same({}, shown.upstreams)
    end)

    it("hands its options on", function()
        local function refusal(options) return select(2, pcall(setup.build, { status = options })) end
        for _, name in ipairs({ "upstreams", "routes" }) do
            assert.equal('setup: status: unknown option "' .. name .. '"; known are token, token_file, dict', refusal({ [name] = {} }))
        end
        assert.equal('setup: status: unknown option "tocken"; did you mean "token"?', refusal({ tocken = "x" }))
        assert.equal('setup: status must be a table, got a string', refusal(statuses.TOKEN))
        assert.is_table(setup.build({ status = { token = statuses.TOKEN } }).status.token)
        assert.is_nil(setup.build({}).status.token)
        assert.same({ "r" }, setup.build({ routes = { r = {} } }).status.routes)
    end)

    it("knows the plugins of each route", function()
        local gateway = setup.build({ routes = { r = { deadline = {} }, s = {} } })
        assert.equal(gateway.routes.r.instances, gateway.status.plugins.plugins_of("r"))
        assert.is_table(gateway.status.plugins.plugins_of("r").deadline)
        assert.is_nil(gateway.status.plugins.plugins_of("s").deadline)
        assert.is_nil(gateway.status.plugins.plugins_of("t"))
    end)
end)

describe("status.new refuses", function()
    local function sentence(options)
        local ok, err = pcall(status.new, options)
        assert.is_false(ok)
        return err
    end

    it("what are no options, upstreams or routes", function()
        assert.equal("status must be a table, got nothing", sentence(nil))
        assert.equal("status must be a table, got a string", sentence(statuses.TOKEN))
        assert.equal('status: unknown option "tokens"; did you mean "token"?', sentence({ tokens = "x" }))
        assert.equal('status.upstreams must be a table, got 1', sentence({ upstreams = 1 }))
        assert.equal('status.upstreams must be a table whose keys are names, got a list', sentence({ upstreams = { {} } }))
        assert.equal('status.upstreams.x must be an upstream, such as a balancer: it has no method report', sentence({ upstreams = { x = {} } }))
        assert.equal('status.upstreams.x must be an upstream, such as a balancer, got 1', sentence({ upstreams = { x = 1 } }))
        assert.equal('status.routes[1] must be a non-empty string, got 1', sentence({ routes = { 1 } }))
    end)

    it("a token that is none, without saying it", function()
        assert.equal('status.token must hold 16 to 4096 bytes, got 5', sentence({ token = "short" }))
        assert.equal('status: "token" and "token_file" cannot both be given', sentence({ token = statuses.TOKEN, token_file = "/x" }))
    end)
end)
