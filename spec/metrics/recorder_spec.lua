local balancer = require("resty.openclaw.balancer")
local eventually = require("spec.support.eventually")
local first_byte = require("resty.openclaw.metrics.first_byte")
local request_states = require("spec.support.request_states")
local http = require("spec.support.http")
local mean_seconds = require("resty.openclaw.metrics.mean_seconds")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local process = require("resty.openclaw.metrics.process")
local reader = require("spec.support.exposition")
local run = require("spec.support.within")

local function page(name)
    return (reader.parse(http.get("/metrics/" .. (name or "page")).body))
end

--- A figure of the page, 0 where it has none.
local function figure(text, samples)
    return tonumber((samples or page())[text] or 0)
end

--- Runs `work`, waits until `counted` requests of the route have been counted, and returns how far a figure has grown.
local function growth(route, counted, work)
    local before = page()
    work()
    local count = ('openclaw_request_duration_seconds_count{route="%s",variant="%s"}')
    local samples
    eventually(function()
        samples = page()
        local sum = 0
        for series in pairs(samples) do
            if series:find(count:format(route, ""):sub(1, -4), 1, true) then
                sum = sum + figure(series, samples) - figure(series, before)
            end
        end
        return sum == counted
    end, counted .. " requests of " .. route)
    return function(text) return figure(text, samples) - figure(text, before) end
end

describe("the variant", function()
    local recorder = spec_metrics.varied

    local function send(variant)
        assert.equal(204, http.get("/metrics/varied?variant=" .. ngx.escape_uri(variant)).status)
    end

    local function count(variant)
        return figure(('openclaw_requests_total{route="varied",variant="%s",status="2xx"}'):format(variant), page("alone"))
    end

    local function becomes(expected, variant)
        eventually(function() return count(variant) == expected end, variant .. " is counted " .. expected .. " times")
    end

    before_each(function()
        recorder.by_variant, recorder.room, recorder.others = {}, 50, nil
    end)

    it("is a label of all that is counted", function()
        send("v1")
        send("v2")
        send("v1")
        send("")
        becomes(2, "v1")
        becomes(1, "v2")
        becomes(1, "")
        local samples = page("alone")
        for _, name in ipairs({ "request_duration_seconds_count", "request_bytes_total", "response_bytes_total" }) do
            local first = samples[("openclaw_%s{route=\"varied\",variant=\"v1\"}"):format(name)]
            assert.is_true(tonumber(first) > 0, name)
        end
        assert.equal("0", samples['openclaw_cache_requests_total{route="varied",variant="v1",status="hit"}'])
        assert.equal("0", samples['openclaw_cache_saved_seconds_total{route="varied",variant="v1"}'])
        assert.equal("0", samples['openclaw_cache_saved_bytes_total{route="varied",variant="v1"}'])
    end)

    it("is cut and cleaned when it comes from a stranger, and looked up all the same", function()
        local long = ("x"):rep(128)
        send(long .. "one")
        send(long .. "another")
        send(long .. ("y"):rep(4000))
        becomes(3, long)
        local length = 0
        for variant in pairs(recorder.by_variant) do length = math.max(length, #variant) end
        assert.is_true(length <= 132)
        send("broken \255\254")
        send('quoted "\\\n')
        becomes(1, "broken ??")
        becomes(1, 'quoted \\"\\\\\\n')
        assert.is_nil(reader.promtool(http.get("/metrics/alone").body:gsub("\r", "")))
    end)

    it("that is ever new counts as another one from the fiftieth on", function()
        for number = 1, 60 do send("new" .. number) end
        becomes(10, "_other")
        send("new1")
        becomes(2, "new1")
        assert.is_nil(page("alone")['openclaw_requests_total{route="varied",variant="new51",status="2xx"}'])
        local places = 0
        for _ in pairs(recorder.by_variant) do places = places + 1 end
        assert.equal(50, places)
    end)
end)

describe("an error", function()
    local function errors(grown)
        local found = {}
        for _, series in ipairs({ "4xx refused", "4xx other", "5xx refused", "5xx other" }) do
            local status, cause = series:match("(%S+) (%S+)")
            local name = 'openclaw_request_errors_total{route="refused",variant="",status="%s",cause="%s"}'
            local count = grown(name:format(status, cause))
            if count > 0 then found[series] = count end
        end
        return found
    end

    local function after(paths)
        return errors(growth("refused", #paths, function()
            for _, path in ipairs(paths) do http.get("/metrics/" .. path) end
        end))
    end

    it("that a limit or a waiting room makes counts apart", function()
        assert.same({ ["4xx refused"] = 2, ["5xx refused"] = 1 }, after({ "refused?status=429", "refused?status=503", "refused?status=400" }))
        assert.same({ ["4xx other"] = 1, ["5xx other"] = 1 }, after({ "rejected?status=401", "rejected?status=503" }))
    end)

    it("is one of a node if a node was asked after that", function()
        assert.same({ ["5xx other"] = 1 }, after({ "refused_then_failed" }))
    end)
end)

describe("the first byte", function()
    local COUNT = 'openclaw_request_first_byte_seconds_count{route="begun",variant=""}'
    local SUM = 'openclaw_request_first_byte_seconds_sum{route="begun",variant=""}'

    it("is timed apart from the last one", function()
        local grown = growth("begun", 1, function() assert.equal("beginningrest", http.get("/metrics/begun").body) end)
        assert.equal(1, grown(COUNT))
        local whole = grown('openclaw_request_duration_seconds_sum{route="begun",variant=""}')
        assert.is_true(grown(SUM) >= 0.045, "first byte after " .. grown(SUM))
        assert.is_true(whole - grown(SUM) >= 0.14, "last byte after " .. whole)
    end)

    it("is counted once after a redirect, subrequests left out", function()
        local grown = growth("begun", 1, function()
            assert.equal("beginningrest", http.get("/metrics/begun_elsewhere").body)
        end)
        assert.equal(1, grown(COUNT))
        assert.is_true(grown(SUM) >= 0.19)
    end)

    it("is counted once where a filter makes the answer an error", function()
        local grown = growth("begun", 1, function() http.get("/metrics/begun_twice") end)
        assert.equal(1, grown(COUNT))
    end)

    it("is not counted where nothing looks for it, nor where the client left before it", function()
        local grown = growth("begun", 1, function() http.get("/metrics/not_begun") end)
        assert.equal(0, grown(COUNT))
        grown = growth("begun", 1, function()
            local sock = ngx.socket.tcp()
            assert(sock:connect(http.host, http.port))
            assert(sock:send("GET /metrics/begun_elsewhere HTTP/1.1\r\nHost: gateway\r\n\r\n"))
            ngx.sleep(0.02)
            sock:close()
        end)
        assert.is_true(grown(COUNT) <= 1) -- nginx sees that the client left when it writes
    end)

    it("leaves nothing behind", function()
        growth("begun", 2, function()
            http.get("/metrics/begun")
            http.get("/metrics/begun_elsewhere")
        end)
        eventually(function() return request_states.count("first_byte_at") == 0 end, "nothing is kept of requests that have ended")
    end)

    it("is told once", function()
        assert.equal("true nil", run.request(function()
            first_byte.note()
            return tostring(first_byte.take(0.25) == 0.25) .. " " .. tostring(first_byte.take(0.25))
        end))
    end)
end)

describe("the time that a cache saves", function()
    local function saved(variant)
        return ('openclaw_cache_saved_seconds_total{route="saved",variant="%s"}'):format(variant)
    end

    local function get(query, path)
        assert.equal(200, http.get((path or "/metrics/saved?") .. query).status)
    end

    it("is what nodes took before, less what the hit took", function()
        local grown = growth("saved", 1, function() get("key=a&sleep=1&variant=timed") end)
        assert.equal(0, grown(saved("timed")))
        assert.equal(0, grown('openclaw_cache_saved_bytes_total{route="saved",variant="timed"}'))
        grown = growth("saved", 3, function()
            for _ = 1, 3 do get("key=a&variant=timed") end
        end)
        local seconds = grown(saved("timed"))
        assert.is_true(seconds >= 0.5 and seconds < 60, "saved " .. seconds)
        assert.equal(3, grown('openclaw_cache_requests_total{route="saved",variant="timed",status="hit"}'))
        assert.is_true(grown('openclaw_cache_saved_bytes_total{route="saved",variant="timed"}') > 300)
        assert.equal(grown('openclaw_response_bytes_total{route="saved",variant="timed"}'), grown('openclaw_cache_saved_bytes_total{route="saved",variant="timed"}'))
    end)

    it("is nothing as long as no node has answered for the variant", function()
        growth("saved", 1, function() get("key=b&sleep=0.1&variant=known") end)
        local grown = growth("saved", 1, function() get("key=b&variant=unknown") end)
        assert.equal(1, grown('openclaw_cache_requests_total{route="saved",variant="unknown",status="hit"}'))
        assert.equal(0, grown(saved("unknown")))
    end)

    it("is not learned from failures", function()
        growth("saved", 1, function() get("key=c&sleep=1&variant=failing") end)
        growth("saved", 20, function()
            for _ = 1, 20 do
                assert.equal(404, http.get("/metrics/saved?key=d&variant=failing&status=404&bypass=1").status)
            end
        end)
        local seconds = growth("saved", 1, function() get("key=c&variant=failing") end)(saved("failing"))
        assert.is_true(seconds > 0.1 and seconds < 60, "saved " .. seconds)
    end)

    it("counts stale answers, and learns nothing from the nodes that failed before these", function()
        growth("saved", 1, function() get("key=e&sleep=1&variant=stale", "/metrics/soon_stale?") end)
        local function one_more()
            return growth("saved", 1, function() get("key=e&status=500&variant=stale", "/metrics/soon_stale?") end)
        end
        eventually(function() -- it grows stale after a second
            return one_more()('openclaw_cache_requests_total{route="saved",variant="stale",status="stale"}') == 1
        end)
        growth("saved", 20, function()
            for _ = 1, 20 do get("key=e&status=500&variant=stale", "/metrics/soon_stale?") end
        end)
        local seconds = one_more()(saved("stale"))
        assert.is_true(seconds > 0.1 and seconds < 60, "saved " .. seconds)
    end)

    it("goes by a mean in which a new answer counts for a tenth", function()
        local region = metric_registry.open("openclaw").region
        local mean = mean_seconds.new(region, "spec")
        assert.equal(0, mean[0])
        mean_seconds.learn(mean, 2)
        assert.equal(2, mean[0])
        mean_seconds.learn(mean, 1)
        assert.is_true(math.abs(mean[0] - 1.9) < 1e-9)
        assert.equal(mean[0], mean_seconds.new(region, "spec")[0])
    end)

    it("has a mean of the worker's own where no memory is left", function()
        local names = { get = function() end, incr = function() return nil, "no memory" end, safe_add = function() end }
        local mean = mean_seconds.new({ names = names }, "lost")
        mean_seconds.learn(mean, 3)
        assert.equal(3, mean[0])
    end)
end)

describe("the process", function()
    it("shows its connections, version, workers and memory", function()
        local samples, types = reader.parse(http.get("/metrics/page").body)
        assert.is_true(figure('openclaw_connections{state="active"}', samples) >= 1)
        for _, state in ipairs({ "reading", "writing", "waiting" }) do
            assert.truthy(samples[('openclaw_connections{state="%s"}'):format(state)])
        end
        assert.equal("1", samples[('openclaw_build_info{version="%s"}'):format(require("resty.openclaw").VERSION)])
        assert.equal("1", samples.openclaw_workers)
        assert.is_true(figure('openclaw_shared_memory_slots{area="series",state="used"}', samples) > 100)
        assert.is_true(figure('openclaw_shared_memory_slots{area="nodes",state="free"}', samples) > 100)
        for _, name in ipairs({ "connections", "build_info", "workers", "shared_memory_slots" }) do
            assert.equal("gauge", types["openclaw_" .. name])
        end
    end)

    it("has no connections to show outside a request", function()
        local emitted = 0
        for _, collector in ipairs(metric_registry.open("openclaw").collectors) do
            if collector.name == "openclaw_connections" then collector.collect(function() emitted = emitted + 1 end) end
        end
        assert.equal(0, emitted)
    end)

    it("is shown once", function()
        local registry = metric_registry.open("openclaw")
        local before = #registry.collectors
        process.show_all(registry)
        assert.equal(before, #registry.collectors)
    end)
end)

describe("docs", function()
    local FILES = { "docs/metrics.md", "docs/balancer.md" }

    --- The rows of a page's table of metrics.
    local function rows(path)
        local file = assert(io.open(ngx.config.prefix() .. path))
        local text = file:read("*a")
        file:close()
        local found = {}
        for name, kind, labels in text:gmatch("\n| `(openclaw_[%w_]+)` | (%a+) | ([^|]*) |") do
            local names = {}
            for label in labels:gmatch("`([%w_]+)`") do names[#names + 1] = label end
            found[#found + 1] = { name = name, kind = kind, labels = names }
        end
        assert.is_true(#found > 5, path)
        return found
    end

    --- The label names of a family or a collector.
    local function labels_of(registry, name, samples)
        local family = registry.families[name]
        if family then return family.kind, family.label_names end
        for _, collector in ipairs(registry.collectors) do
            if collector.name == name then
                for series in pairs(samples) do
                    if series:match("^[%w_]+") == name then
                        local names = {}
                        for label in series:gmatch('([%w_]+)="') do names[#names + 1] = label end
                        return collector.kind, names
                    end
                end
                return collector.kind, {}
            end
        end
    end

    it("name metrics that exist, with their kind and labels", function()
        local registry = metric_registry.open("openclaw")
        -- Checks and look-ups are counted once some upstream asks for them.
        balancer.new({ name = "spec_docs", nodes = { "gpu.example.org:8000", "127.0.0.1:18101" }, health_check = {} })
        local samples = page()
        for _, path in ipairs(FILES) do
            for _, row in ipairs(rows(path)) do
                local kind, labels = labels_of(registry, row.name, samples)
                assert.equal(row.kind, kind, row.name)
                assert.same(row.labels, labels, row.name)
            end
        end
    end)
end)
