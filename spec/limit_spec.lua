local buckets = require("resty.openclaw.limit.bucket")
local cjson = require("cjson")
local clock = require("resty.openclaw.core.time.clock")
local eventually = require("spec.support.eventually")
local fake_redis = require("spec.support.fake_redis")
local http = require("spec.support.http")
local is_foreign = require("spec.support.is_foreign")
local limit = require("resty.openclaw.limit")
local listener = require("spec.support.listener")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local request_states = require("spec.support.request_states")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local PORT = 18230
local limits = spec_limits

local function get(path, headers) return http.get_from(PORT, path, headers) end

--- Waits until the log of the last request has this limit.
local function assert_limited(name)
    eventually(function() return limits.limited == name end)
    limits.limited = nil
end

local function statuses(count, path, headers)
    local found = {}
    for place = 1, count do found[place] = get(path, headers).status end
    return found
end

local function counted(name, result)
    local region = metric_registry.open("openclaw").region
    local slot = region.names:get(('slot:counter openclaw_limit_requests_total{route="",limit="%s",result="%s"}'):format(name, result))
    return slot and shared_memory.total(region, slot)
end

describe("limit", function()
    before_each(function() ngx.shared.openclaw_limit:flush_all() end)

    it("refuses requests beyond the limit, and says for how long", function()
        local before = counted("simple", "refused")
        assert.same({ 200, 200, 429 }, statuses(3, "/simple"))
        local answer = get("/simple")
        local message = { error = { code = "rate_limited", message = 'The limit "simple" is 2 requests per hour.', status = 429 } }
        assert.same(message, cjson.decode(answer.body))
        assert_limited("limit/simple")
        local seconds = tonumber(answer.header("Retry-After"))
        assert.is_true(seconds > 1790 and seconds <= 1800, seconds)
        assert.equal(('"simple";r=0;t=%d'):format(seconds), answer.header("RateLimit"))
        assert.equal('"simple";q=2;w=3600', answer.header("RateLimit-Policy"))
        assert.is_nil(answer.header("x-ratelimit-limit-requests"))
        assert.equal(before + 2, counted("simple", "refused"))
        assert.is_nil(get("/variable").header("RateLimit"))
    end)

    it("is nginx's own", function()
        math.randomseed(os.getenv("OPENCLAW_SEED") or 1)
        for _, name in ipairs({ "nodelay", "delayed" }) do
            local seen = {}
            for _ = 1, 250 do
                local status = get(("/beside/%s?key=%d"):format(name, math.random(2))).body
                local theirs, ours = status:match("^(%S+) (%S+)\n$")
                assert.equal(theirs, ours)
                seen[ours] = true
                if math.random(3) == 1 then ngx.sleep(math.random(30) / 1000) end
            end
            assert.is_true(seen.PASSED and seen.REJECTED_DRY_RUN)
            assert.equal(name == "delayed" or nil, seen.DELAYED_DRY_RUN)
        end
    end)

    describe("counts together", function()
        it("requests of a client, or of its network", function()
            assert.same({ 200, 429 }, statuses(2, "/single"))
            for address, status in pairs({ ["10.0.0.1"] = 200, ["2001:db8::1"] = 200 }) do
                assert.equal(status, get("/single", { ["X-Real-IP"] = address }).status)
            end
            assert.equal(200, get("/single", { ["X-Real-IP"] = "10.0.0.2" }).status)
            assert.equal(429, get("/single", { ["X-Real-IP"] = "2001:db8::ffff:1" }).status)
            assert.equal(200, get("/single", { ["X-Real-IP"] = "2001:db8:0:1::1" }).status)
        end)

        it("those of an identity; a token and a key of one name are two", function()
            assert.same({ 200, 429 }, statuses(2, "/identity?identity=ada&method=jwt"))
            assert.same({ 200, 429 }, statuses(2, "/identity?identity=ada&method=api_key"))
            assert.same({ 200, 429 }, statuses(2, "/identity?identity=bob&method=jwt"))
            -- Those without any have their address.
            assert.same({ 200, 429 }, statuses(2, "/identity"))
            assert.equal(200, get("/identity", { ["X-Real-IP"] = "10.0.0.2" }).status)
        end)

        it("those of a tenant", function()
            assert.same({ 200, 429 }, statuses(2, "/tenant?tenant=pond&identity=ada"))
            assert.equal(429, get("/tenant?tenant=pond&identity=bob").status)
            assert.equal(200, get("/tenant?tenant=sea").status)
            assert.same({ 200, 429 }, statuses(2, "/tenant"))
        end)

        it("those of an API key, and no others", function()
            assert.same({ 200, 429 }, statuses(2, "/key?identity=camera&method=api_key"))
            assert.same({ 200, 200 }, statuses(2, "/key?identity=camera&method=jwt"))
            assert.same({ 200, 200 }, statuses(2, "/key"))
        end)

        it("those of an API key by its own rate, where it has one", function()
            assert.same({ 200, 200, 200, 429 }, statuses(4, "/rate_of_key?identity=camera&method=api_key&rate=600/minute"))
            assert.equal('"key";q=600;w=60', get("/rate_of_key?identity=camera&method=api_key&rate=600/minute").header("RateLimit-Policy"))
            assert.same({ 200, 200, 200, 200 }, statuses(4, "/rate_of_key?identity=other&method=api_key"))
            assert.same({ 200, 200, 200, 200 }, statuses(4, "/rate_of_key"))
            assert.same({ 200, 429 }, statuses(2, "/key?identity=slow&method=api_key&rate=1/minute"))
        end)

        it("all of a route", function()
            assert.equal(200, get("/route").status)
            assert.equal(429, get("/route", { ["X-Real-IP"] = "10.0.0.9" }).status)
        end)

        it("those with one value of a variable, however long; none without a value", function()
            assert.same({ 200, 429 }, statuses(2, "/variable", { ["X-Camera"] = "one" }))
            assert.same({ 200, 200 }, statuses(2, "/variable"))
            local long = ("c"):rep(1000)
            assert.same({ 200, 429 }, statuses(2, "/variable", { ["X-Camera"] = long }))
            assert.equal(200, get("/variable", { ["X-Camera"] = long .. "d" }).status)
            for _, key in ipairs(ngx.shared.openclaw_limit:get_keys(0)) do assert.is_true(#key < 200) end
        end)
    end)

    it("may be several: a refusal counts at none, and Retry-After is of the longest", function()
        local ada, bob = "/several?identity=ada&tenant=pond", "/several?identity=bob&tenant=sea"
        assert.same({ 200, 200, 429, 429 }, statuses(4, ada))
        assert_limited("limit/several_b")
        -- The first limit has counted two of ada's requests, the third one too.
        assert.same({ 200, 429 }, statuses(2, bob))
        assert_limited("limit/several_c")
        local answer = get(ada)
        assert_limited("limit/several_b")
        assert.equal('"several_b";q=2;w=3600', answer.header("RateLimit-Policy"))
        local seconds = tonumber(answer.header("Retry-After"))
        assert.is_true(seconds > 28700 and seconds <= 28800, seconds)
        -- 8 more of ada's requests have room at the first limit alone.
        local level = buckets.level(ngx.shared.openclaw_limit, "\nseveral_a\n=ada", require("resty.openclaw.core.time.clock").now())
        assert.near(720, level, 5)
    end)

    it("delays what is beyond `delay`, as the rate allows it", function()
        local began, now = {}, ngx.now
        local before = counted("delayed", "delayed")
        ngx.update_time()
        local start = now()
        local threads = {}
        for place = 1, 4 do
            threads[place] = ngx.thread.spawn(function()
                local status = get("/delayed?key=" .. tostring(start)).status
                ngx.update_time()
                began[place] = now() - start
                return status
            end)
        end
        for place = 1, 4 do
            local _, status = ngx.thread.wait(threads[place])
            assert.equal(200, status)
        end
        table.sort(began)
        assert.is_true(began[3] >= 0.049 and began[4] >= 0.099, table.concat(began, " "))
        assert.equal(before + 2, counted("delayed", "delayed"))
    end)

    it("has other rates for classes, counted apart", function()
        assert.same({ 200, 429 }, statuses(2, "/classes?identity=ada"))
        assert.same({ 200, 200, 200, 429 }, statuses(4, "/classes?identity=ada&class=vip"))
        assert.equal('"classes";q=10;w=3600', get("/classes?identity=ada&class=vip").header("RateLimit-Policy"))
        assert.same({ 200, 429 }, statuses(2, "/classes?identity=ada&class=batch"))
        assert.equal(429, get("/classes?identity=ada&class=other").status)
    end)

    it("on trial refuses nobody, and tells whom it would", function()
        local ok, would = counted("trial", "ok"), counted("trial", "dry_run")
        assert.equal(200, get("/trial?key=a").status)
        assert_limited("")
        assert.equal(200, get("/trial?key=a").status)
        assert_limited("limit/trial")
        assert.same({ ok + 1, would + 1 }, { counted("trial", "ok"), counted("trial", "dry_run") })
    end)

    it("on trial gets nothing back that it has not taken", function()
        local now = require("resty.openclaw.core.time.clock").now
        assert.same({ 200, 200, 429, 429, 429 }, statuses(5, "/trial_first?key=a"))
        assert.near(3600, buckets.level(ngx.shared.openclaw_limit, "\non_trial\n=a", now()), 10)
    end)

    describe("tells clients", function()
        it("in the fields of the draft", function()
            local answer = get("/ietf?key=a")
            assert.equal('"minute";r=2;t=1, "day";r=99;t=864', answer.header("RateLimit"))
            assert.equal('"minute";q=60;w=60, "day";q=100;w=86400', answer.header("RateLimit-Policy"))
            assert.equal('"minute";r=1;t=2, "day";r=98;t=1728', get("/ietf?key=a").header("RateLimit"))
        end)

        it("in the fields that OpenAI's clients read", function()
            local answer = get("/openai?key=a")
            assert.equal("60", answer.header("x-ratelimit-limit-requests"))
            assert.equal("1", answer.header("x-ratelimit-remaining-requests"))
            assert.equal("1s", answer.header("x-ratelimit-reset-requests"))
            assert.is_nil(answer.header("RateLimit"))
            get("/openai?key=a")
            answer = get("/openai?key=a")
            assert.equal(429, answer.status)
            assert.equal("0", answer.header("x-ratelimit-remaining-requests"))
            assert.matches('^"openai";r=0;t=1$', answer.header("RateLimit"))
        end)

        it("durations as OpenAI does", function()
            local duration = require("resty.openclaw.limit.fields").duration
            for seconds, text in pairs({ [0.0201] = "21ms", [1] = "1s", [1.5] = "1.5s", [59.9994] = "60s", [60] = "1m0s", [360] = "6m0s", [3661.2] = "1h1m2s" }) do
                assert.equal(text, duration(seconds))
            end
        end)
    end)

    it("counts a request once, whatever redirects it goes through", function()
        assert.equal(200, get("/again/simple").status)
        assert.equal(200, get("/simple").status)
        assert.equal(429, get("/again/simple").status)
    end)

    it("leaves nothing behind of a request", function()
        statuses(3, "/openai?key=b")
        for _, field in ipairs({ "limited_by", "rate_limit", "rate_limit_policy", "openai_limit", "openai_rate", "openai_level" }) do
            eventually(function() return request_states.count(field) == 0 end)
        end
    end)

    describe("in Redis", function()
        local redis
        local log, lines = ngx.log, nil

        before_each(function()
            os.remove(limits.SOCKET)
            redis = fake_redis.new(1800000000)
            redis:serve(listener.unix_stream(limits.SOCKET))
            lines = {}
            ngx.log = function(_, ...)
                local parts = { ... }
                for place = 1, select("#", ...) do parts[place] = tostring(parts[place]) end
                local text = table.concat(parts)
                if not is_foreign(text) then lines[#lines + 1] = text end
            end
        end)

        after_each(function()
            ngx.log = log
            redis:stop()
            listener.close_all()
            -- nginx notices that what it has kept is closed.
            ngx.sleep(0.01)
            for _, plugin in pairs(limits) do
                if type(plugin) == "table" and plugin.shared then
                    plugin.shared.store.link.is_failing = false
                    plugin.shared.faults.next_line = {}
                end
            end
        end)

        --- What Redis has in a bucket, in requests, where one is so many seconds.
        local function content(key, interval)
            return ((tonumber(redis.values["openclaw:limit:{*}:" .. key]) or 0) + 1700000000 - redis.now) / interval
        end

        it("counts, by one question for all limits of a request", function()
            assert.same({ 200, 200, 429, 429 }, statuses(4, "/shared?key=a&other=b"))
            assert_limited("limit/shared_b")
            assert.equal("evalsha eval evalsha evalsha evalsha ", redis.commands)
            assert.near(2, content("shared_a:=a", 360), 0.1)
            assert.near(2, content("shared_b:=b", 1800), 0.1)
            local answer = get("/shared?key=a&other=b")
            assert.equal('"shared_b";r=0;t=' .. answer.header("Retry-After"), answer.header("RateLimit"))
            assert.equal('"shared_b";q=2;w=3600', answer.header("RateLimit-Policy"))
            assert.is_true(tonumber(answer.header("Retry-After")) > 1790)
        end)

        it("gives back what other limits have counted when it refuses, and is not asked when they refuse", function()
            assert.same({ 200, 200, 429, 429 }, statuses(4, "/shared?key=a&other=b"))
            -- Of the limit in the dict, one is left.
            assert.equal(200, get("/shared?key=a&other=c").status)
            local asked = #redis.calls
            assert.equal(429, get("/shared?key=a&other=c").status)
            assert_limited("limit/here")
            assert.equal(asked, #redis.calls)
        end)

        it("is in Retry-After of other limits, as far as this gateway has seen it", function()
            assert.same({ 200, 200, 429 }, statuses(3, "/shared?key=a&other=b"))
            assert.equal(200, get("/shared?key=a").status)
            assert.is_true(tonumber(get("/shared?key=a").header("Retry-After")) <= 1200)
            local answer = get("/shared?key=a&other=b")
            assert_limited("limit/here")
            assert.near(1800, tonumber(answer.header("Retry-After")), 20)
        end)

        it("counts requests that are under way at the same time", function()
            local threads, passed = {}, 0
            for place = 1, 12 do threads[place] = ngx.thread.spawn(get, "/shared?key=" .. place .. "&other=b") end
            for place = 1, 12 do
                local _, answer = ngx.thread.wait(threads[place])
                passed = passed + (answer.status == 200 and 1 or 0)
            end
            assert.equal(2, passed)
            local now = clock.now()
            local levels = 0
            for place = 1, 12 do levels = levels + buckets.level(ngx.shared.openclaw_limit, "\nhere\n=" .. place, now) end
            assert.near(2 * 1200, levels, 60)
        end)

        it("is not asked about requests that no limit of it counts", function()
            assert.equal(200, get("/shared").status)
            assert.same({}, redis.calls)
        end)

        it("tells clients, delays, tries and knows classes as other limits do", function()
            local answer = get("/shared_openai?key=a")
            assert.equal("1", answer.header("x-ratelimit-remaining-requests"))
            assert.equal("1s", answer.header("x-ratelimit-reset-requests"))
            answer = get("/shared?other=b")
            assert.matches('^"shared_b";r=1;t=1800$', answer.header("RateLimit"))
            assert.same({ 200, 200 }, statuses(2, "/shared_trial?key=a"))
            assert_limited("limit/shared_trial")
            assert.same({ 200, 429 }, statuses(2, "/shared_classes?identity=a"))
            assert.same({ 200, 200, 429 }, statuses(3, "/shared_classes?identity=a&class=vip"))
            assert.near(2, content("shared_classes:vip:=a", 1800), 0.1)
            ngx.update_time()
            local start = ngx.now()
            for _ = 1, 4 do assert.equal(200, get("/shared_delayed?key=a").status) end
            ngx.update_time()
            assert.is_true(ngx.now() - start >= 0.09)
        end)

        it("bounds what it keeps of a caller", function()
            assert.same({ 200, 200, 429 }, statuses(3, "/shared?other=" .. ("c"):rep(1000)))
            for key in pairs(redis.values) do assert.is_true(#key < 100, key) end
        end)

        it("goes on where this gateway was, if Redis has lost everything", function()
            assert.same({ 200, 200, 429 }, statuses(3, "/shared?other=b"))
            redis.values, redis.knows_script = {}, false
            assert.equal(429, get("/shared?other=b").status)
            assert.near(2, content("shared_b:=b", 1800), 0.1)
            assert.same({}, lines)
        end)

        it("gives nobody a burst when its clock is set forward, and refuses nobody for long when it is set back", function()
            assert.same({ 200, 200, 429 }, statuses(3, "/shared?other=b"))
            assert.equal(200, get("/shared?other=c").status)
            redis.ahead = redis.ahead + 86400
            assert.equal(429, get("/shared?other=b").status)
            assert.same({ 200, 429 }, statuses(2, "/shared?other=c"))
            redis.ahead = redis.ahead - 2 * 86400
            local answer = get("/shared?other=c")
            assert.equal(429, answer.status)
            assert.is_true(tonumber(answer.header("Retry-After")) <= 1800)
        end)

        it("is not waited for while it hangs; its limits are those of this gateway then, or open, or closed", function()
            local before = counted("hung_open", "failed")
            for _, name in ipairs({ "hung_local", "hung_open", "hung_closed" }) do assert.equal(200, get("/" .. name .. "?key=a").status) end
            -- Another gateway has called.
            ngx.shared.openclaw_limit:set("openclaw:limit:{*}:gateways", 2)
            redis.hangs = true
            -- 7 are left for two gateways: one has room for a request if at most 7 are counted, of which its own count double.
            assert.same({ 200, 200, 200, 200, 429 }, statuses(5, "/hung_local?key=a"))
            local answer = get("/hung_local?key=a")
            assert.equal('"hung_local";q=8;w=3600', answer.header("RateLimit-Policy"))
            assert.near(900, tonumber(answer.header("Retry-After")), 20)
            assert.near(5 * 36, buckets.level(ngx.shared.openclaw_limit, "\nhung_here\n=a", clock.now()), 3)
            assert.same({ 200, 200 }, statuses(2, "/hung_open?key=a"))
            assert.same({ 503, 503 }, statuses(2, "/hung_closed?key=a"))
            assert_limited("limit/hung_closed")
            assert.equal("5", get("/hung_closed?key=a").header("Retry-After"))
            assert.near(36, buckets.level(ngx.shared.openclaw_limit, "\nclosed_here\n=a", clock.now()), 3)
            assert.equal(before + 2, counted("hung_open", "failed"))
            assert.same({ "limit: redis: requests are not counted in Redis: not done in time" }, { lines[1] })
            redis.hangs = false
            eventually(function() return get("/hung_closed?key=b").status == 200 end)
            assert.equal(429, get("/hung_closed?key=b").status)
        end)

        it("has nothing to say of callers where it fails", function()
            redis.refusal = "ERR unknown command 'evalsha', with args beginning with: 'x' '2' 'openclaw:limit:{*}:shared_b:=secret'"
            assert.same({ 200, 200, 429 }, statuses(3, "/shared?other=secret"))
            assert.same({ "limit: redis: requests are not counted in Redis: ERR unknown command 'evalsha', " }, lines)
            redis.refusal = nil
            -- One that it answers is no reason to pause.
            assert.equal(200, get("/shared?other=another").status)
            assert.near(1, content("shared_b:=another", 1800), 0.1)
        end)
    end)

    it("lets requests pass that it cannot count, and says so", function()
        local log, lines = ngx.log, {}
        ngx.log = function(_, ...)
            local text = table.concat({ ... })
            if not is_foreign(text) then lines[#lines + 1] = text end
        end
        local plugin = limit.new({ { name = "uncounted", by = "route", rate = 1, per = "hour", zone = "tiny_limit" } })
        plugin.limits[1].rate.prefix = ("x"):rep(60000)
        local failed = counted("uncounted", "failed")
        local passages = require("resty.openclaw.limit.passage")
        for _ = 1, 2 do assert.is_nil(passages.begin(plugin.limits, plugin.faults, {}, "", 1).refused_by) end
        ngx.log = log
        assert.equal(failed + 2, counted("uncounted", "failed"))
        assert.same({ "limit: zone: the lua_shared_dict tiny_limit: no memory; requests are not limited" }, lines)
    end)

    it("refuses wrong options with a sentence", function()
        local function refusal(options)
            local ok, err = pcall(limit.new, options)
            assert.is_false(ok)
            return err
        end
        assert.equal("limit must be a list with at least one entry, got nothing", refusal(nil))
        assert.equal("limit must be a list with at least one entry, got a table", refusal({ rate = 1 }))
        assert.equal("limit[1].rate must be a number above 0, got nothing", refusal({ {} }))
        assert.equal("limit[2].rate must be a number above 0, got 0", refusal({ { rate = 1 }, { rate = 0, name = "b" } }))
        assert.equal("limit[1].per must be one of second, minute, hour, day, got \"week\"", refusal({ { rate = 1, per = "week" } }))
        assert.equal(
            'limit[1].by must be "client", "identity", "tenant", "key", "route", or a variable such as "$http_x_camera", got "ip"',
            refusal({ { rate = 1, by = "ip" } })
        )
        assert.equal('limit[2].name must be another name than that of limit[1], got "client"', refusal({ { rate = 1 }, { rate = 2, per = "minute" } }))
        assert.equal(
            'limit[2].headers must be another value, as limit[1] has it already, got "openai"',
            refusal({ { rate = 1, headers = "openai" }, { rate = 2, name = "b", headers = "openai" } })
        )
        assert.equal(
            'limit[1].zone must be the name of a lua_shared_dict; nginx/openclaw.conf declares "openclaw_limit", got "nowhere"',
            refusal({ { rate = 1, zone = "nowhere" } })
        )
        assert.equal('limit[1].redis needs store = "redis" beside it', refusal({ { rate = 1, redis = {} } }))
        assert.equal('limit[2].on_error needs store = "redis" beside it', refusal({ { rate = 1, store = "redis" }, { rate = 1, name = "b", on_error = "open" } }))
        assert.equal('limit[1].store must be one of dict, redis, got "valkey"', refusal({ { rate = 1, store = "valkey" } }))
        assert.equal(
            'limit[1].on_error must be one of local, open, closed, got "stale"',
            refusal({ { rate = 1, store = "redis", on_error = "stale" } })
        )
        assert.equal(
            'limit[1].redis: "username" needs "password" or "password_file"',
            refusal({ { rate = 1, store = "redis", redis = { username = "x" } } })
        )
        local function in_redis(name, redis) return { rate = 1, name = name, store = "redis", redis = redis } end
        assert.equal(
            "limit[3].redis must be as limit[2].redis, because the limits of a route are counted together, or left out, got a table",
            refusal({ in_redis("a"), in_redis("b", { password = "one" }), in_redis("c", { password = "two" }) })
        )
        assert.equal("limit[1].class.vip.rate must be a number above 0, got nothing", refusal({ { rate = 1, class = { vip = {} } } }))
    end)
end)
