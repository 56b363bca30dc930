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

--- The key of a bucket of the limit with that name.
local function key_of(name, subject)
    for _, plugin in pairs(limits) do
        for _, one in ipairs(type(plugin) == "table" and plugin.all or {}) do
            if one.name == name then return one.rate.configured.prefix .. subject end
        end
    end
    error("no limit " .. name)
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
        local level = buckets.level(ngx.shared.openclaw_limit, key_of("several_a", "=ada"), require("resty.openclaw.core.time.clock").now())
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
        assert.is_true(began[3] >= 0.047 and began[4] >= 0.097, table.concat(began, " "))
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

    it("says what became of its requests", function()
        local before = limits.trial:status().trial
        assert.same({ "1 request per hour", true }, { before.rate, before.dry_run })
        statuses(3, "/trial?key=status")
        local now = limits.trial:status().trial
        assert.same({ before.accepted + 1, before.would_refuse + 2, 0 }, { now.accepted, now.would_refuse, now.refused })
        before = limits.simple:status().simple
        statuses(4, "/simple")
        assert.equal(before.refused + 2, limits.simple:status().simple.refused)
        local classes = limits.classes:status().classes
        assert.same({ vip = "10 requests per hour", batch = "1 request per hour" }, classes.classes)
        assert.is_nil(before.classes)
        -- One limit has no rate for all, two are counted in Redis.
        assert.is_nil(limits.rate_of_key:status().key.rate)
        local names = {}
        for name in pairs(limits.shared:status()) do names[#names + 1] = name end
        table.sort(names)
        assert.same({ "here", "shared_a", "shared_b" }, names)
    end)

    it("on trial gets nothing back that it has not taken", function()
        local now = require("resty.openclaw.core.time.clock").now
        assert.same({ 200, 200, 429, 429, 429 }, statuses(5, "/trial_first?key=a"))
        assert.near(3600, buckets.level(ngx.shared.openclaw_limit, key_of("on_trial", "=a"), now()), 10)
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
            -- Two are in the bucket; the refused one is not.
            assert.is_true(tonumber(answer.header("x-ratelimit-reset-requests"):match("^([%d.]+)s$")) <= 2)
        end)

        it("durations as OpenAI does", function()
            local duration = require("resty.openclaw.limit.fields").duration
            for seconds, text in pairs({ [0.0201] = "21ms", [1] = "1s", [1.5] = "1.5s", [59.9994] = "60s", [60] = "1m0s", [360] = "6m0s", [3661.2] = "1h1m2s", [8640.0000000001] = "2h24m0s" }) do
                assert.equal(text, duration(seconds))
            end
        end)
    end)

    it("begins anew where a reload has brought another rate", function()
        local passages = require("resty.openclaw.limit.passage")
        local function passes(options, count)
            options.name, options.by = "anew", "route"
            local plugin = limit.new({ options })
            for _ = 1, count do
                local reservation = options.tokens and require("resty.openclaw.limit.reservation").open({}, { bytes = 0, most = 500, choices = 1 }, plugin.faults)
                if passages.begin(plugin.limits, plugin.faults, {}, "", clock.now(), 1, reservation).refused_by then return false end
            end
            return true
        end
        assert.is_true(passes({ tokens = 1000, per = "day" }, 2))
        assert.is_false(passes({ tokens = 1000, per = "day" }, 1))
        assert.is_true(passes({ tokens = 1000, per = "minute" }, 2))
        assert.is_true(passes({ rate = 1, per = "day", burst = 9 }, 10))
        assert.is_false(passes({ rate = 1, per = "day", burst = 9 }, 1))
        assert.is_true(passes({ rate = 1, per = "day", burst = 4 }, 5))
        assert.is_true(passes({ rate = 100, burst = 9 }, 1))
        -- What was counted at a rate is in force again with it.
        assert.is_false(passes({ rate = 1, per = "day", burst = 9 }, 1))
    end)

    it("does not take what an operator has set for a number of another unit", function()
        local function rate_of(options)
            options.name, options.by = "unit", "route"
            return limit.new({ options })
        end
        local before = rate_of({ rate = 1, per = "day" })
        before:change("unit", nil, { amount = 7 })
        assert.equal(7, rate_of({ rate = 2, per = "day" }):report()[1].rate.amount)
        assert.equal(2, rate_of({ rate = 2, per = "second" }):report()[1].rate.amount)
        assert.equal(3, rate_of({ tokens = 3, per = "day" }):report()[1].rate.amount)
        before:change("unit")
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

    describe("of tokens", function()
        local DAY = 86400
        local body = '{"max_tokens":90}' .. (" "):rep(23)

        --- Tokens in a bucket, where one leaks in so many seconds.
        local function used(name, key, interval)
            local level = buckets.level(ngx.shared.openclaw_limit, key_of(name, key), clock.now())
            return math.floor(level / (interval or DAY / 1000) + 0.5)
        end

        local function post(arguments, text, name)
            local path = ("/tokens/%s?key=a&%s"):format(name or "budget", arguments)
            return http.post_to(PORT, path, text or body, { ["Content-Type"] = "application/json" })
        end

        local function assert_used(tokens, name, key, interval)
            eventually(function() return used(name or "budget", key or "=a", interval) == tokens end)
        end

        local function tokens_counted(name, kind)
            local region = metric_registry.open("openclaw").region
            local slot = region.names:get(('slot:counter openclaw_limit_tokens_total{route="",limit="%s",kind="%s"}'):format(name, kind))
            return slot and shared_memory.total(region, slot)
        end

        before_each(function() limits.budget.faults.next_line = {} end)

        it("reserves what a request may cost, and settles what it has used", function()
            local before = { tokens_counted("budget", "reserved"), tokens_counted("budget", "used"), tokens_counted("budget", "returned") }
            local answer = post("used=5")
            assert.equal(200, answer.status)
            assert.equal("1000", answer.header("x-ratelimit-limit-tokens"))
            assert.equal("900", answer.header("x-ratelimit-remaining-tokens"))
            assert.equal("2h24m0s", answer.header("x-ratelimit-reset-tokens"))
            assert.is_nil(answer.header("x-ratelimit-limit-requests"))
            assert_used(15)
            assert.same(
                { before[1] + 100, before[2] + 15, before[3] + 85 },
                { tokens_counted("budget", "reserved"), tokens_counted("budget", "used"), tokens_counted("budget", "returned") }
            )
        end)

        it("takes what was used beyond the reservation, even if there is no room for it", function()
            assert.equal(200, post("used=2000").status)
            assert_used(2010)
            local answer = post("used=1")
            assert.equal(429, answer.status)
            assert.equal("0", answer.header("x-ratelimit-remaining-tokens"))
            local message = 'The limit "budget" is 1000 tokens per day.'
            assert.same({ error = { code = "rate_limited", message = message, status = 429 } }, cjson.decode(answer.body))
            assert_limited("limit/budget")
            -- Until 1110 tokens have leaked.
            assert.near(1110 * 86.4, tonumber(answer.header("Retry-After")), 5)
            assert_used(2010)
        end)

        it("tells a refused request how many tokens are left, which are too few for it", function()
            post("used=850")
            assert_used(860)
            local answer = post("used=5", '{"max_tokens":500}')
            assert.equal(429, answer.status)
            assert.equal("140", answer.header("x-ratelimit-remaining-tokens"))
            assert.matches('^"budget";r=140;t=%d+$', answer.header("RateLimit"))
        end)

        it("lets parallel requests reserve no more than there is, and gives all of it back", function()
            local threads, passed = {}, 0
            for place = 1, 25 do
                threads[place] = ngx.thread.spawn(function() return post("used=5&wait=0.3").status end)
            end
            ngx.sleep(0.15)
            assert.equal(1000, used("budget", "=a"))
            for _, thread in ipairs(threads) do
                local _, status = ngx.thread.wait(thread)
                if status == 200 then passed = passed + 1 else assert.equal(429, status) end
            end
            assert.equal(10, passed)
            assert_used(150)
        end)

        it("refuses for good what can never fit, with both numbers", function()
            local answer = post("used=5", '{"max_tokens":1000}')
            assert.equal(400, answer.status)
            local message = 'The request may cost 1005 tokens, and the limit "budget" has room for 1000 at once.'
            assert.same({ error = { code = "too_many_tokens", message = message, status = 400 } }, cjson.decode(answer.body))
            assert.is_nil(answer.header("Retry-After"))
            assert_limited("limit/budget")
            assert.equal(0, used("budget", "=a"))
            assert.equal(200, post("used=5", '{"max_tokens":995}').status)
        end)

        it("gives all back where the node failed, where none was asked, and where the answer was kept", function()
            assert.equal(500, post("status=500").status)
            assert_used(0)
            assert.equal(502, post("node=none").status)
            assert_used(0)
            assert.equal(200, post("used=5&cache=1").status)
            assert_used(15)
            assert.equal(200, post("used=5&cache=1").status)
            assert_used(15)
        end)

        it("keeps what is reserved where an answer says nothing of it, and reports that", function()
            local reports, log = 0, ngx.log
            ngx.log = function(_, ...)
                if table.concat({ ... }):find("limit: no_usage: an answer names no tokens", 1, true) then reports = reports + 1 end
            end
            post("")
            assert_used(100)
            eventually(function() return reports == 1 end)
            ngx.log = log
            -- GET makes no tokens.
            assert.equal(200, http.get_from(PORT, "/tokens/budget?key=b").status)
            assert_used(0, "budget", "=b")
        end)

        it("lets requests pass that make no tokens, and has other limits count them", function()
            post("used=5000")
            assert_used(5010)
            assert.equal(429, post("").status)
            assert.equal(200, http.get_from(PORT, "/tokens/budget?key=a").status)
            -- One that may cost more than the budget has.
            assert.equal(200, http.get_from(PORT, "/tokens/budget_classes?key=a").status)
            local before = tokens_counted("budgets_small", "reserved")
            for place = 1, 6 do
                assert.equal(place < 6 and 200 or 429, http.get_from(PORT, "/tokens/budgets?key=a").status)
            end
            assert.equal(before, tokens_counted("budgets_small", "reserved"))
        end)

        it("takes only numbers of tokens for such, whoever sets the variables", function()
            for number, expected in pairs({ ["-500"] = 100, nan = 100, ["-inf"] = 100, ["1e999"] = 1e9, ["12"] = 12, inf = 1e9 }) do
                ngx.shared.openclaw_limit:flush_all()
                assert.equal(200, post("prompt_tokens=" .. number).status)
                assert_used(expected)
            end
            ngx.shared.openclaw_limit:flush_all()
            post("prompt_tokens=1e999")
            eventually(function() return post("used=1").status == 429 end)
        end)

        it("counts the prompt of an answer that broke off, or whose client has left", function()
            post("breaks=1")
            assert_used(10)
            local sock = ngx.socket.tcp()
            assert(sock:connect("127.0.0.1", PORT))
            sock:send("POST /tokens/budget?key=left&wait=1&used=5 HTTP/1.1\r\nHost: a\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body)
            eventually(function() return used("budget", "=left") == 100 end)
            sock:close()
            assert_used(10, "budget", "=left")
        end)

        it("may be several, beside limits of requests: a refusal counts at none", function()
            local answer = post("used=5", body, "budgets")
            assert.equal('"budgets_requests";r=4;t=17280, "budgets_small";r=900;t=8640', answer.header("RateLimit"))
            assert.equal('"budgets_requests";q=5;w=86400, "budgets_small";q=1000;w=86400', answer.header("RateLimit-Policy"))
            assert_used(15, "budgets_small", "=a")
            assert_used(15, "budgets_large", "", DAY / 1500)
            for _ = 1, 2 do
                assert.equal(200, post("used=485", body, "budgets").status)
                ngx.sleep(0.05)
            end
            assert_limited("")
            local before = { used("budgets_requests", "=a", DAY / 5), used("budgets_small", "=a") }
            local refused = post("used=5", body, "budgets")
            assert.equal(429, refused.status)
            assert.matches('^"budgets_small";r=0;t=%d+$', refused.header("RateLimit"))
            assert.same(before, { used("budgets_requests", "=a", DAY / 5), used("budgets_small", "=a") })
        end)

        it("has other numbers for classes", function()
            assert.equal(400, post("used=5", '{"max_tokens":500}', "budget_classes").status)
            assert.equal(200, post("used=5&class=vip", '{"max_tokens":500}', "budget_classes").status)
        end)

        it("on trial refuses nobody", function()
            local would = counted("budget_trial", "dry_run")
            assert.equal(200, post("used=5", '{"max_tokens":500}', "budget_trial").status)
            assert.equal(would + 1, counted("budget_trial", "dry_run"))
            assert.equal(0, used("budget_trial", "=a"))
        end)

        it("leaves nothing behind of a request, and gives back what one had that was lost", function()
            post("used=5")
            for _, field in ipairs({ "reservation", "limited_by", "openai_tokens_rate", "openai_tokens_level" }) do
                eventually(function() return request_states.count(field) == 0 end)
            end
            local reservation = require("resty.openclaw.limit.reservation")
            local passages = require("resty.openclaw.limit.passage")
            local state = {}
            local plugin = limits.budget
            reservation.open(state, { bytes = 0, most = 70, choices = 1 }, plugin.faults)
            local subject = plugin.limits[1].subject
            plugin.limits[1].subject = function(prefix) return prefix .. "lost" end
            passages.begin(plugin.limits, plugin.faults, state, "", clock.now(), 1, state.reservation)
            plugin.limits[1].subject = subject
            assert.equal(70, used("budget", "lost"))
            reservation.cancel(state)
            reservation.cancel(state)
            assert.equal(0, used("budget", "lost"))
            assert.is_nil(state.reservation)
        end)
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

        it("has the rate that an operator sets", function()
            limits.changeable_shared:change("changeable_shared", nil, { amount = 3, burst = 2 })
            finally(function() limits.changeable_shared:change("changeable_shared") end)
            assert.same({ 200, 200, 200, 429 }, statuses(4, "/changeable_shared?key=a"))
        end)

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
            for place = 1, 12 do levels = levels + buckets.level(ngx.shared.openclaw_limit, key_of("here", "=" .. place), now) end
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
            assert.near(5 * 36, buckets.level(ngx.shared.openclaw_limit, key_of("hung_here", "=a"), clock.now()), 3)
            assert.same({ 200, 200 }, statuses(2, "/hung_open?key=a"))
            assert.same({ 503, 503 }, statuses(2, "/hung_closed?key=a"))
            assert_limited("limit_unavailable/hung_closed")
            assert.equal("5", get("/hung_closed?key=a").header("Retry-After"))
            assert.near(36, buckets.level(ngx.shared.openclaw_limit, key_of("closed_here", "=a"), clock.now()), 3)
            assert.equal(before + 2, counted("hung_open", "failed"))
            local beginning = "^limit: redis: Redis at unix:" .. limits.SOCKET:gsub("%p", "%%%0") .. " %(%d routes use it%) does not count requests: not done in time; "
            local meanwhile = 'meanwhile each gateway applies its part of the limit "hung_local" %(on_error = "local"%)$'
            assert.matches(beginning .. meanwhile, lines[1])
            redis.hangs = false
            eventually(function() return get("/hung_closed?key=b").status == 200 end)
            assert.equal("limit: redis: Redis at unix:" .. limits.SOCKET .. " replies again, and counts requests", lines[#lines])
            assert.equal(429, get("/hung_closed?key=b").status)
        end)

        it("has nothing to say of callers where it fails", function()
            redis.refusal = "ERR unknown command 'evalsha', with args beginning with: 'x' '2' 'openclaw:limit:{*}:shared_b:=secret'"
            assert.same({ 200, 200, 429 }, statuses(3, "/shared?other=secret"))
            assert.equal(1, #lines)
            assert.matches("does not count requests: ERR unknown command 'evalsha'; meanwhile each gateway", lines[1])
            assert.is_nil(lines[1]:find("secret"))
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
        plugin.limits[1].rate.configured.prefix = ("x"):rep(60000)
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
        assert.equal("limit must be a list of limits, such as { { rate = 10 } }, got one table without the outer braces", refusal({ rate = 1 }))
        assert.equal("limit[1] must be a table such as { rate = 10 }, got 10", refusal({ 10 }))
        assert.equal("limit[1].delay must be at most burst, which is 5, got 6", refusal({ { rate = 1, burst = 5, delay = 6 } }))
        assert.equal("limit[1].delay must be at most burst, which is 0, got 1", refusal({ { rate = 1, delay = 1 } }))
        assert.is_truthy(limit.new({ { rate = 1, delay = 0 }, { name = "b", rate = 1, burst = 5, delay = 5, class = { vip = { rate = 2, burst = 1 } } } }))
        assert.equal("limit[1].class.vip.delay must be at most burst, which is 5, got 6", refusal({ { rate = 1, burst = 5, class = { vip = { rate = 1, delay = 6 } } } }))
        assert.equal("limit[1].class.vip.delay must be at most burst, which is 2, got 3", refusal({ { rate = 1, burst = 5, class = { vip = { rate = 1, burst = 2, delay = 3 } } } }))
        assert.equal("limit[1].class.vip must be a table such as { rate = 100 }, got 100", refusal({ { rate = 1, class = { vip = 100 } } }))
        assert.equal("limit[1].rate must be a number above 0, got nothing; or give tokens", refusal({ {} }))
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
        assert.equal(
            'limit[2].redis must be the place of Redis, such as { host = "10.0.2.5" }, or {} for 127.0.0.1:6379, got nothing',
            refusal({ { rate = 1, name = "a" }, { rate = 1, store = "redis" }, { rate = 1, name = "b", store = "redis" } })
        )
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
        local function token_refusal(more)
            local options = { tokens = 100 }
            for name, value in pairs(more) do options[name] = value end
            return refusal({ options })
        end
        assert.equal("limit[1] must have rate or tokens, not both", token_refusal({ rate = 1 }))
        assert.equal("limit[1].tokens must be a whole number from 1 to 1000000000000, got 0.5", token_refusal({ tokens = 0.5 }))
        assert.equal('limit[1].store is not supported with tokens: leave out store = "redis"', token_refusal({ store = "redis" }))
        assert.equal("limit[1].delay is not supported with tokens", token_refusal({ delay = 1 }))
        assert.equal("limit[1].burst must be a whole number from 1, with tokens, got 0", token_refusal({ burst = 0 }))
        assert.equal("limit[1].answer_tokens needs tokens beside it", refusal({ { rate = 1, answer_tokens = 1 } }))
        assert.equal("limit[1].bytes_per_token needs tokens beside it", refusal({ { by = "key", bytes_per_token = 1 } }))
        assert.equal("limit[1].class.vip.tokens must be a number above 0, got nothing", token_refusal({ class = { vip = { burst = 1 } } }))
        assert.equal("limit[1].class.vip.tokens is for a budget of tokens; this limit has rate, so write rate", refusal({ { rate = 1, class = { vip = { rate = 1, tokens = 1 } } } }))
        assert.equal("limit[1].class.vip.rate is for a limit of requests; this limit has tokens, so write tokens", token_refusal({ class = { vip = { rate = 1, tokens = 1 } } }))
        assert.equal(
            'limit[2].headers must be another value, as limit[1] has it already, got "openai"',
            refusal({ { tokens = 1, headers = "openai" }, { tokens = 2, name = "b", headers = "openai" } })
        )
        assert.equal('limit[2].name must be another name than that of limit[1], got "client_tokens"', refusal({ { tokens = 1 }, { tokens = 2 } }))
        assert.is_truthy(limit.new({ { rate = 1, headers = "openai" }, { tokens = 2, headers = "openai" } }))
    end)
end)
