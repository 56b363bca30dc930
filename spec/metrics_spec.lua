local http = require("spec.support.http")
local metrics_module = require("resty.openclaw.metrics")
local reader = require("spec.support.exposition")
local eventually = require("spec.support.eventually")

--- The figures that all requests of the function left behind: after minus before, what did not change left out.
local function figures(work, wanted)
    local before = reader.parse(http.get("/metrics/page").body)
    work()
    local grown
    eventually(function() -- the log phase comes after the client has its answer
        grown = {}
        for series, value in pairs((reader.parse(http.get("/metrics/page").body))) do
            local change = tonumber(value) - tonumber(before[series] or 0)
            if change ~= 0 and series:find("openclaw_", 1, true) and not series:find("_bucket", 1, true) then
                grown[series] = change
            end
        end
        return not wanted or grown[wanted]
    end)
    return grown
end

local function route(series, name)
    return (series:gsub("ROUTE", 'route="' .. (name or "default") .. '",variant=""'))
end

describe("metrics.new", function()
    local function refuses(sentence, options)
        local ok, err = pcall(metrics_module.new, options)
        assert.is_false(ok)
        assert.equal(sentence, err)
    end

    it("refuses wrong options", function()
        refuses('metrics: unknown option "bucket"; did you mean "buckets"?', { bucket = { 1 } })
        refuses('metrics must be a table, got a string', "openclaw")
        refuses('metrics.dict must be a non-empty string, got 5', { dict = 5 })
        refuses('metrics.max_series must be a whole number from 1 up, got 0', { max_series = 0 })
        refuses('metrics.max_values must be a whole number from 1 up, got 0', { max_values = 0 })
        refuses('metrics.max_bytes must be a whole number from 1 up, got 1.5', { max_bytes = 1.5 })
        refuses('metrics.max_bytes must be at most 10485760, as "lua_shared_dict openclaw" has no more, got 10485761',
            { max_bytes = 10485761 })
        refuses('metrics.buckets must be a list with at least one entry, got an empty table', { buckets = {} })
        refuses('metrics.buckets[2] must be a number above 2, got 1', { buckets = { 2, 1 } })
        refuses('metrics.buckets[1] must be a number above 0, got "1"', { buckets = { "1" } })
        refuses('metrics.buckets[2] must be a number above 0, got inf', { buckets = { 1, math.huge } })
        local many = {}
        for index = 1, 49 do many[index] = index end
        refuses('metrics.buckets must be a list of at most 48 numbers, got a table', { buckets = many })
        refuses('metrics: nginx.conf needs "lua_shared_dict nowhere 10m;"', { dict = "nowhere" })
        refuses('metrics.route must be a non-empty string, got ""', { route = "" })
        for _, wrong in ipairs({ -1, 0 / 0, math.huge }) do
            refuses('metrics.idle_seconds must be a number from 0 up, got ' .. tostring(wrong), { idle_seconds = wrong })
        end
        refuses('metrics.idle_seconds must be a number from 0 up, got "1"', { idle_seconds = "1" })
        refuses('metrics.labels.a must be a table of the labels to keep, got true', { labels = { a = true } })
    end)

    it("takes its options", function()
        local one = spec_metrics.with_options
        assert.equal(50, one.registry.most_series)
        assert.same({ 1, 2 }, one.families.duration.bounds)
        assert.equal("r", one.route)
        assert.equal(0, one.registry.idle_seconds)
        assert.equal(86400, spec_metrics.alone.registry.idle_seconds)
    end)

    it("keeps the labels it is told to", function()
        local of_route = spec_metrics.with_options:recorder("other").plain
        assert.equal(of_route.requests[2].slot, of_route.other_requests.slot)
        of_route.requests[2]:inc()
        of_route.other_requests:inc()
        local region = spec_metrics.with_options.registry.region
        local slot = region.names:get('slot:counter openclaw_requests_total{route="other"}')
        assert.equal(2, require("resty.openclaw.core.memory.shared_memory").total(region, slot))
    end)
end)

describe("metrics", function()
    it("makes families of one's own", function()
        spec_metrics.alone:counter("own_total", "Counted.", { "model" }):labels("v1"):inc(2)
        spec_metrics.alone:gauge("own_level", "Set."):labels():set(1.5)
        spec_metrics.alone:histogram("own_seconds", "Timed.", { "model" }, { 1, 2 }):labels("v1"):observe(1.5)
        spec_metrics.alone:histogram("own_other_seconds", "Timed."):labels():observe(1.5)
        local samples = reader.parse(http.get("/metrics/alone").body)
        assert.equal("2", samples['own_total{model="v1"}'])
        assert.equal("1.5", samples.own_level)
        assert.equal("1", samples['own_seconds_bucket{model="v1",le="2"}'])
        assert.equal("1", samples['own_other_seconds_bucket{le="600"}'])
    end)

    it("serves a page that promtool accepts", function()
        local answer = http.get("/metrics/alone")
        assert.equal(200, answer.status)
        assert.equal("text/plain; version=0.0.4; charset=utf-8", answer.header("Content-Type"))
        assert.is_nil(reader.promtool(answer.body:gsub("\r", "")))
    end)

    local OPEN = { Accept = "application/openmetrics-text; version=1.0.0" }
    local OPEN_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    local TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

    it("serves OpenMetrics to who asks for it", function()
        local answer = http.get("/metrics/alone", OPEN)
        assert.equal(200, answer.status)
        assert.equal(OPEN_TYPE, answer.header("Content-Type"))
        assert.equal("Accept", answer.header("Vary"))
        local samples, types = reader.parse_open(answer.body)
        assert.equal("2", samples['own_total{model="v1"}'])
        assert.equal("1", samples['own_seconds_bucket{model="v1",le="2.0"}'])
        assert.equal("counter", types.own)
        local text = http.get("/metrics/alone", { Accept = "application/openmetrics-text;q=0.1,text/plain;q=0.2" })
        assert.equal(TEXT_TYPE, text.header("Content-Type"))
        assert.equal("Accept", text.header("Vary"))
        reader.parse(text.body)
    end)

    it("answers HEAD as GET, but without a body", function()
        for type, accept in pairs({ [TEXT_TYPE] = "*/*", [OPEN_TYPE] = OPEN.Accept }) do
            local head = http.raw("HEAD /metrics/page HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nAccept: " .. accept .. "\r\n\r\n")
            assert.equal(200, head.status)
            assert.equal(type, head.header("Content-Type"))
            assert.equal("Accept", head.header("Vary"))
            assert.equal("", head.body)
        end
    end)

    it("refuses other methods", function()
        for _, method in ipairs({ "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACK" }) do
            local refused = http.raw(method .. " /metrics/page HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            assert.equal(405, refused.status)
            assert.equal("GET, HEAD", refused.header("Allow"))
        end
    end)

    it("serves clients of HTTP/1.0 the whole page", function()
        for index = 1, 1500 do spec_metrics.alone:counter("many_total", "Help.", { "x" }):labels(tostring(index)):inc() end
        local answer = http.raw("GET /metrics/alone HTTP/1.0\r\nHost: gateway\r\n\r\n")
        assert.equal("1", reader.parse(answer.body)['many_total{x="1500"}'])
        answer = http.raw("GET /metrics/alone HTTP/1.0\r\nHost: gateway\r\nAccept: " .. OPEN.Accept .. "\r\n\r\n")
        assert.equal("1", reader.parse_open(answer.body)['many_total{x="1500"}'])
    end)

    it("serves the whole page to a subrequest", function()
        local answer = http.get("/metrics/captured?page=alone", OPEN)
        assert.equal(200, answer.status)
        assert.equal("1", (reader.parse_open(answer.body))['many_total{x="1500"}'])
        assert.equal(200, http.get("/metrics/captured?page=empty").status)
        local _, nothing_else = http.get("/metrics/empty").body:match("^(# HELP openclaw_metrics_lost_series_total [^\n]*\n"
            .. "# TYPE openclaw_metrics_lost_series_total counter\nopenclaw_metrics_lost_series_total 0\n)(.*)$")
        assert.equal("", nothing_else)
    end)

    it("serves several at once, each the whole page", function()
        local threads = {}
        for index = 1, 8 do
            threads[index] = ngx.thread.spawn(function()
                local samples = reader.parse_open(http.get("/metrics/alone", OPEN).body)
                return samples['many_total{x="1500"}']
            end)
        end
        for _, thread in ipairs(threads) do assert.same({ true, "1" }, { ngx.thread.wait(thread) }) end
    end)

    it("breaks off where it cannot go on, so that nobody takes a part for the whole", function()
        for _, case in ipairs({ { "raising" }, { "raising", OPEN }, { "unflushed" }, { "unflushed", OPEN } }) do
            local answer = http.get("/metrics/" .. case[1], case[2])
            assert.equal(200, answer.status)
            assert.truthy(answer.body:find('a_total{x="1"} 1\n', 1, true))
            assert.is_true(answer.broken)
            assert.is_nil(answer.body:find("EOF", 1, true))
        end
    end)

    it("gives up on a client that takes nothing", function()
        local sock = ngx.socket.tcp()
        sock:settimeouts(1000, 1000, 10000)
        assert(sock:connect(http.host, http.port))
        assert(sock:send("GET /metrics/huge HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nAccept: " .. OPEN.Accept .. "\r\n\r\n"))
        local seen = spec_metrics.huge.seen
        eventually(function() return seen.ends == 1 end, "the end of the page")
        assert.equal(1, seen.huge)
        assert.equal(0, seen.rest)
        sock:close()
        local whole = http.get("/metrics/huge", OPEN).body
        assert.truthy(whole:find('\nrest{a="b"} 1\n# EOF\n$'))
        assert.is_true(#whole > 1.6e7)
    end)

    it("counts requests by class of status", function()
        for status, class in pairs({ [200] = "2xx", [204] = "2xx", [302] = "3xx", [404] = "4xx", [499] = "4xx", [503] = "5xx" }) do
            local series = route('openclaw_requests_total{ROUTE,status="' .. class .. '"}')
            local grown = figures(function() http.get("/metrics/plain?status=" .. status) end, series)
            assert.equal(1, grown[series])
            assert.equal(1, grown[route("openclaw_request_duration_seconds_count{ROUTE}")])
            assert.is_nil(grown[route("openclaw_upstream_duration_seconds_count{ROUTE}")])
        end
    end)

    it("counts a client that went away as 4xx", function()
        local series = route('openclaw_requests_total{ROUTE,status="4xx"}')
        local grown = figures(function()
            local sock = ngx.socket.tcp()
            assert(sock:connect(http.host, http.port))
            assert(sock:send("GET /metrics/node?sleep=0.5 HTTP/1.1\r\nHost: gateway\r\n\r\n"))
            ngx.sleep(0.05)
            sock:close()
        end, series)
        assert.equal(1, grown[series])
    end)

    it("counts bytes both ways", function()
        local request = "GET /metrics/plain?status=204 HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n"
        local length = 0
        local wanted = route("openclaw_response_bytes_total{ROUTE}")
        local grown = figures(function()
            local sock = ngx.socket.tcp()
            assert(sock:connect(http.host, http.port))
            assert(sock:send(request))
            length = #assert(sock:receive("*a"))
            sock:close()
        end, wanted)
        assert.equal(#request, grown[route("openclaw_request_bytes_total{ROUTE}")])
        assert.equal(length, grown[wanted])
    end)

    it("times upstreams", function()
        local grown = figures(function() http.get("/metrics/node?sleep=0.1") end,
            route("openclaw_upstream_duration_seconds_count{ROUTE}"))
        assert.equal(1, grown[route("openclaw_upstream_duration_seconds_count{ROUTE}")])
        local seconds = grown[route("openclaw_upstream_duration_seconds_sum{ROUTE}")]
        assert.is_true(seconds >= 0.09, tostring(seconds))
        assert.is_true(grown[route("openclaw_request_duration_seconds_sum{ROUTE}")] >= 0.09)
    end)

    it("times the last try after a retry and after an internal redirect", function()
        for _, path in ipairs({ "/metrics/retry", "/metrics/redirected" }) do
            local grown = figures(function()
                assert.equal(200, http.get(path .. "?sleep=0.1").status)
            end, route("openclaw_upstream_duration_seconds_count{ROUTE}"))
            assert.equal(1, grown[route("openclaw_upstream_duration_seconds_count{ROUTE}")])
            assert.is_true(grown[route("openclaw_upstream_duration_seconds_sum{ROUTE}")] >= 0.09)
        end
    end)

    it("counts what no node answered", function()
        local series = route('openclaw_requests_total{ROUTE,status="5xx"}')
        local grown = figures(function() http.get("/metrics/dead") end, series)
        assert.equal(1, grown[series])
    end)

    it("counts what a cache did, and times no node for a hit", function()
        local function cache(status)
            return route('openclaw_cache_requests_total{ROUTE,status="' .. status .. '"}', "cached")
        end
        local count = route("openclaw_upstream_duration_seconds_count{ROUTE}", "cached")
        local miss = figures(function() http.get("/metrics/cached") end, cache("miss"))
        assert.equal(1, miss[cache("miss")])
        assert.equal(1, miss[count])
        local hit = figures(function() http.get("/metrics/cached") end, cache("hit"))
        assert.equal(1, hit[cache("hit")])
        assert.is_nil(hit[count])
        local bypass = figures(function() http.get("/metrics/cached?bypass=1") end, cache("bypass"))
        assert.equal(1, bypass[cache("bypass")])
        assert.equal(1, bypass[count])
    end)

    it("says nothing of a cache where none is involved", function()
        local grown = figures(function() http.get("/metrics/node") end,
            route("openclaw_upstream_duration_seconds_count{ROUTE}"))
        for series in pairs(grown) do assert.is_nil(series:find("cache", 1, true)) end
    end)

    it("counts every request of many at once", function()
        local series = route('openclaw_requests_total{ROUTE,status="2xx"}')
        local before = reader.parse(http.get("/metrics/page").body)[series]
        local threads = {}
        for index = 1, 20 do
            threads[index] = ngx.thread.spawn(function()
                for _ = 1, 10 do http.get("/metrics/plain?status=200") end
            end)
        end
        for _, thread in ipairs(threads) do assert(ngx.thread.wait(thread)) end
        eventually(function()
            return tonumber((reader.parse(http.get("/metrics/page").body))[series]) == tonumber(before) + 200
        end)
    end)
end)
