local clock = require("resty.openclaw.core.time.clock")
local eventually = require("spec.support.eventually")
local feeds = require("resty.openclaw.auth.jwt.key_url.feed")
local fetch = require("resty.openclaw.auth.jwt.key_url.fetch")
local jwks = require("spec.support.jwks")
local key_set = require("resty.openclaw.auth.jwt.key_set")
local key_url = require("resty.openclaw.auth.jwt.key_url")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local raw_server = require("spec.support.raw_server")
local refresh = require("resty.openclaw.auth.jwt.key_url.refresh")
local samples = require("spec.support.samples")
local shared_keys = require("resty.openclaw.auth.jwt.key_url.shared")
local is_foreign = require("spec.support.is_foreign")

local registry = metric_registry.open("openclaw")
local OPTION = "spec: routes.r.auth.jwt.jwks_url"
local TIMES = feeds.TIMES

local last = 0

--- The usual times, but for these.
local function times(changes)
    local changed = {}
    for name, seconds in pairs(TIMES) do changed[name] = changes and changes[name] or seconds end
    return changed
end

--- A URL that no other spec has used.
local function new_url()
    last = last + 1
    return "http://127.0.0.1:18080/http_client/raw?n=" .. last
end

local function open(changes, url)
    url = url or new_url()
    return key_url.new({ registry = registry, route = "key_url " .. last, option = OPTION, url = url, times = times(changes) })
end

--- The same URL as another worker has it.
local function in_another_worker(source)
    local other = feeds.new(registry, OPTION, source.place, "", source.times)
    other.shared = source.shared
    other.held = 0
    return other
end

--- What the server says from now on.
local function serve(...) raw_server.plan(jwks.response(jwks.text(...))) end

--- Runs the fetch that is due now.
local function fetch_now(source)
    shared_keys.set_due(source.shared, 0)
    refresh.tick(source)
    assert.is_truthy(source.fetch)
    eventually(function() return source.fetch == nil end, "a fetch ends")
end

local function kids(source) return jwks.kids(source.keys, "a", "b", "c", "d") end

local function seconds_to_next(source) return shared_keys.due(source.shared) - clock.now() end

describe("key_url", function()
    local log, now, parse, request = ngx.log, clock.now, key_set.parse, fetch.fetch
    local lines

    before_each(function()
        lines = {}
        ngx.log = function(_, ...)
            local parts = { ... }
            for index = 1, select("#", ...) do parts[index] = tostring(parts[index]) end
            local text = table.concat(parts)
            if not is_foreign(text) then lines[#lines + 1] = text end
        end
    end)

    after_each(function()
        ngx.log, clock.now, key_set.parse, fetch.fetch = log, now, parse, request
    end)

    local function value(name) return samples.value(registry, name, "key_url " .. last, "jwt") end

    it("has no keys before they are fetched, and then has", function()
        local source = open()
        assert.is_nil(source:current())
        assert.is_nil(source:status().age_seconds)
        assert.same({ 0, 0, 0 }, {
            value("openclaw_auth_keys"), value("openclaw_auth_keys_stale"), value("openclaw_auth_keys_loaded_timestamp_seconds"),
        })
        serve("a", "b")
        local generation = source.generation
        fetch_now(source)
        assert.equal("a b", jwks.kids(source:current(), "a", "b", "c"))
        assert.is_true(source.generation > generation)
        assert.same({ 2, 0 }, { value("openclaw_auth_keys"), value("openclaw_auth_keys_stale") })
        assert.is_true(math.abs(ngx.now() - value("openclaw_auth_keys_loaded_timestamp_seconds")) < 5)
        local status = source:status()
        assert.is_true(status.age_seconds < 5)
        status.age_seconds = nil
        assert.same({
            source = "http://127.0.0.1:18080/http_client/raw", keys = 2, skipped = {}, stale = false, failures = 0,
        }, status)
        assert.same({}, lines)
    end)

    it("fetches by itself in a worker, at once", function()
        local source = open()
        serve("a")
        source:init_worker()
        source:init_worker()
        eventually(function() return kids(source) == "a" end, "keys are there")
        source:exit_worker()
        assert.equal(1, raw_server.connections)
    end)

    it("does not change what has not changed", function()
        local source = open()
        serve("a")
        fetch_now(source)
        local generation, version = source.generation, shared_keys.version(source.shared)
        fetch_now(source)
        assert.equal(generation, source.generation)
        assert.equal(version, shared_keys.version(source.shared))
        serve("b")
        fetch_now(source)
        assert.equal("b", kids(source))
        assert.is_true(source.generation > generation)
    end)

    describe("the next fetch", function()
        for what, case in pairs({
            ["comes in five minutes"] = { "", 300 },
            ["comes when the answer says"] = { "Cache-Control: max-age=600\r\n", 600 },
            ["comes in a minute at the earliest"] = { "Cache-Control: no-store\r\n", 60 },
            ["comes in an hour at the latest"] = { "Cache-Control: max-age=86400\r\n", 3600 },
        }) do
            it(what .. ", a little earlier", function()
                local source = open()
                raw_server.plan(jwks.response(jwks.text("a"), case[1]))
                fetch_now(source)
                local seconds = seconds_to_next(source)
                assert.is_true(seconds <= case[2] * 0.95 and seconds >= case[2] * 0.85 - 1, tostring(seconds))
            end)
        end

        it("comes soon after a failure, later after more", function()
            local source = open()
            raw_server.plan(jwks.response("", "", "500 Oops"))
            fetch_now(source)
            assert.is_true(seconds_to_next(source) <= 1)
            for _ = 1, 20 do shared_keys.note_failure(source.shared) end
            fetch_now(source)
            assert.is_true(seconds_to_next(source) <= 60)
            assert.equal(22, source:status().failures)
        end)

        it("is not begun by a worker that does not lead, nor before it is due", function()
            local source = open()
            source.leader.leads = function() return false end
            refresh.tick(source)
            assert.is_nil(source.fetch)
            source.leader.leads = nil
            shared_keys.set_due(source.shared, clock.now() + 0.5)
            refresh.tick(source)
            assert.is_nil(source.fetch)
        end)

        it("is begun by any worker where nobody can lead, if none is at it", function()
            local source = open()
            source.leader.leads = function() return false, "no memory" end
            shared_keys.note_start(source.shared, clock.now())
            refresh.tick(source)
            assert.is_nil(source.fetch)
            shared_keys.note_end(source.shared)
            serve("a")
            fetch_now(source)
            assert.equal("a", kids(source))
            assert.equal(1, #lines)
        end)
    end)

    describe("where a fetch fails", function()
        for what, response in pairs({
            ["by its status"] = jwks.response("secret", "", "404 Not Found"),
            ["by a redirect"] = jwks.response("", "Location: http://127.0.0.1:18080/\r\n", "302 Found"),
            ["by its size"] = jwks.response(("x"):rep(262145)),
            ["by its end"] = "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" .. jwks.text("b"),
            ["by no JSON"] = jwks.response("secret"),
            ["by no keys"] = jwks.response('{"keys":[]}'),
            ["by secret keys"] = jwks.response('{"keys":[{"kty":"oct","kid":"secret","k":"secret"}]}'),
            ["by too many keys"] = jwks.response('{"keys":[' .. ("{},"):rep(64) .. "{}]}"),
        }) do
            it(what .. ", the keys stay, and one line says so", function()
                local source = open()
                serve("a")
                fetch_now(source)
                local generation = source.generation
                raw_server.plan(response)
                for _ = 1, 3 do fetch_now(source) end
                assert.equal("a", kids(source))
                assert.equal(generation, source.generation)
                assert.same({ 1, 3 }, { value("openclaw_auth_keys_stale"), value("openclaw_auth_key_load_failures_total") })
                local status = source:status()
                assert.is_true(status.stale)
                assert.equal(1, #lines)
                assert.truthy(lines[1]:find(status.trouble, 1, true), lines[1])
                assert.truthy(lines[1]:find("auth: jwks: " .. OPTION .. ": http://127.0.0.1:18080/http_client/raw: ", 1, true), lines[1])
                assert.truthy(lines[1]:find("; the keys loaded before stay in use", 1, true))
                assert.is_nil(lines[1]:find("secret", 1, true))
                assert.is_nil(lines[1]:find("?", 1, true))
                serve("c")
                fetch_now(source)
                assert.equal("c", kids(source))
                assert.same({ 0, 0 }, { value("openclaw_auth_keys_stale"), source:status().failures })
                assert.is_nil(source:status().trouble)
            end)
        end

        it("by an error of the gateway, it ends all the same", function()
            local source = open()
            serve("a")
            fetch_now(source)
            fetch.fetch = function() error("raised") end
            fetch_now(source)
            assert.equal("a", kids(source))
            key_set.parse = function(text) error("raised: " .. text) end
            fetch.fetch = request
            serve("secret")
            fetch_now(source)
            assert.equal("a", kids(source))
            assert.is_false(shared_keys.is_running(source.shared))
            for _, line in ipairs(lines) do assert.is_nil(line:find("secret", 1, true)) end
        end)

        it("for a day, the keys are given up, until it succeeds", function()
            local source = open()
            serve("a")
            fetch_now(source)
            clock.now = function() return now() + 86399 end
            feeds.update(source)
            assert.equal("a", kids(source))
            clock.now = function() return now() + 86401 end
            local generation = source.generation
            feeds.update(source)
            assert.is_nil(source:current())
            assert.is_true(source.generation > generation)
            assert.equal(1, #lines)
            feeds.update(source)
            assert.equal(1, #lines)
            clock.now = now
            -- The text is the same as before.
            fetch_now(source)
            assert.equal("a", kids(source))
        end)
    end)

    describe("in other workers", function()
        it("keys are taken over, parsed once for each text", function()
            local source = open()
            local other = in_another_worker(source)
            serve("a")
            fetch_now(source)
            local parsed = 0
            key_set.parse = function(...)
                parsed = parsed + 1
                return parse(...)
            end
            for _ = 1, 3 do feeds.update(other) end
            assert.equal("a", kids(other))
            assert.equal(1, parsed)
            fetch_now(source)
            feeds.update(other)
            assert.equal(2, parsed)
            serve("b")
            fetch_now(source)
            feeds.update(other)
            assert.equal("b", kids(other))
            assert.equal(4, parsed)
        end)

        it("keys are there at once after a reload", function()
            local url = new_url()
            local source = open(nil, url)
            serve("a")
            fetch_now(source)
            assert.equal("a", kids(feeds.new(registry, OPTION, source.place, url, source.times)))
            assert.is_true(seconds_to_next(source) > 60)
        end)

        it("a text that is no good is reported once, and changes nothing", function()
            local source = open()
            serve("a")
            fetch_now(source)
            assert.equal(2, assert(shared_keys.store(source.shared, 2, "{")))
            for _ = 1, 3 do feeds.update(source) end
            assert.equal("a", kids(source))
            assert.equal(1, #lines)
            assert.is_false(feeds.is_behind(source, clock.now()))
        end)

        it("a text that is lost is fetched again", function()
            local source = open()
            serve("a")
            fetch_now(source)
            local other = in_another_worker(source)
            registry.region.names:delete(("jwks %s %d"):format(source.shared.id, shared_keys.version(source.shared)))
            feeds.update(other)
            assert.is_nil(other.keys)
            assert.equal(0, shared_keys.due(source.shared))
            fetch_now(source)
            feeds.update(other)
            assert.equal("a", kids(other))
        end)

        it("newer keys are not given up for those that were being parsed", function()
            local source = open()
            serve("a")
            fetch_now(source)
            source.held = 0
            key_set.parse = function(text)
                local keys = parse(text)
                shared_keys.store(source.shared, 5, jwks.text("b"))
                feeds.use(source, parse(jwks.text("b")), 5)
                return keys
            end
            feeds.update(source)
            assert.equal("b", kids(source))
        end)
    end)

    describe("without room in the dict", function()
        local safe_set

        --- Names that take no text.
        local function fill(source)
            local region = setmetatable({
                names = setmetatable({ safe_set = function() return nil, "no memory" end }, {
                    __index = function(_, method)
                        return function(_, ...) return registry.region.names[method](registry.region.names, ...) end
                    end,
                }),
            }, { __index = registry.region })
            safe_set, source.shared.region = source.shared.region, region
        end

        it("the worker that fetched uses its first keys, as long as others", function()
            local source = open()
            fill(source)
            serve("a")
            fetch_now(source)
            for _ = 1, 3 do feeds.update(source) end
            assert.equal("a", kids(source))
            assert.is_true(source:status().age_seconds < 5)
            clock.now = function() return now() + 86401 end
            feeds.update(source)
            assert.is_nil(source.keys)
        end)

        it("the worker that fetched goes back to what all have, when that is the newest again", function()
            local source = open()
            serve("a")
            fetch_now(source)
            fill(source)
            serve("b")
            fetch_now(source)
            assert.equal("b", kids(source))
            serve("a")
            fetch_now(source)
            assert.equal("a", kids(source))
            serve("b")
            fetch_now(source)
            assert.equal("b", kids(source))
            -- Another worker finds it.
            clock.now = function() return now() + 1 end
            shared_keys.note_success(source.shared, clock.now())
            feeds.update(source)
            assert.equal("a", kids(source))
        end)

        it("the worker that fetched uses its keys, and says so", function()
            local source = open()
            local other = in_another_worker(source)
            serve("a")
            fetch_now(source)
            feeds.update(other)
            fill(source)
            serve("b")
            fetch_now(source)
            assert.equal("b", kids(source))
            for _ = 1, 3 do feeds.update(source) end
            assert.equal("b", kids(source))
            assert.truthy(lines[1]:find("this worker alone uses the newest keys: the lua_shared_dict has no room for it: no memory", 1, true))
            source.shared.region = safe_set
            feeds.update(other)
            assert.equal("a", kids(other))
            fetch_now(source)
            feeds.update(other)
            assert.equal("b", kids(other))
            assert.equal("b", kids(source))
        end)
    end)

    it("gives up a fetch whose timer never runs", function()
        local source = open()
        local at = stub(ngx.timer, "at").returns(true)
        shared_keys.set_due(source.shared, 0)
        refresh.tick(source)
        at:revert()
        local lost = source.fetch
        clock.now = function() return now() + 39 end
        refresh.tick(source)
        assert.equal(lost, source.fetch)
        assert.is_true(shared_keys.is_running(source.shared))
        clock.now = function() return now() + 41 end
        serve("a")
        refresh.tick(source)
        clock.now = now
        eventually(function() return kids(source) == "a" end, "keys are there")
        eventually(function() return not shared_keys.is_running(source.shared) end, "a fetch ends")
    end)

    it("reports when it can start no timer", function()
        local source = open()
        local at = stub(ngx.timer, "at").returns(nil, "too many pending timers")
        shared_keys.set_due(source.shared, 0)
        refresh.tick(source)
        at:revert()
        assert.is_nil(source.fetch)
        assert.is_false(shared_keys.is_running(source.shared))
        assert.truthy(lines[1]:find("too many pending timers", 1, true))
    end)

    it("does without a dict, in each worker for itself", function()
        local alone = metric_registry.open("no such dict: key_url")
        local source = key_url.new({ registry = alone, route = "alone", option = OPTION, url = new_url(), times = times({ ask = 0.1 }) })
        serve("a")
        fetch_now(source)
        assert.equal("a", kids(source))
        for connections, kid in ipairs({ "b", "c", "d" }) do
            serve(kid)
            assert.equal(kid, jwks.kids(source:find(kid), "a", "b", "c", "d"))
            assert.equal(1, raw_server.connections, connections)
            source:find("x")
            assert.equal(1, raw_server.connections)
            ngx.sleep(0.12)
        end
    end)

    it("does nothing in the privileged agent", function()
        local worker_process = require("resty.openclaw.core.process.worker_process")
        local is_here = stub(worker_process, "is_here").returns(false)
        local every = stub(ngx.timer, "every")
        open():init_worker()
        assert.stub(every).was_not_called()
        is_here:revert()
        every:revert()
    end)

    it("is one for all routes with the same URL", function()
        local url = new_url()
        local first, second = open(nil, url), open(nil, url)
        assert.equal(first, second)
        assert.is_not.equal(first, open())
    end)

    describe("an unknown key", function()
        --- Looks a key up, in so many light threads; how long that took, and what each found.
        local function find_all(source, count, kid_of)
            ngx.update_time()
            local began, found, threads = ngx.now(), {}, {}
            for place = 1, count do
                threads[place] = ngx.thread.spawn(function() found[place] = source:find(kid_of(place)) or false end)
            end
            for _, thread in ipairs(threads) do ngx.thread.wait(thread) end
            ngx.update_time()
            return ngx.now() - began, found
        end

        it("is fetched while the request waits", function()
            local source = open()
            serve("a")
            fetch_now(source)
            serve("a", "b")
            assert.equal("a b", jwks.kids(source:find("b"), "a", "b"))
            assert.equal(1, raw_server.connections)
        end)

        it("causes no fetch if it is known", function()
            local source = open()
            serve("a")
            fetch_now(source)
            local semaphores = stub(source.waiting.semaphore, "wait")
            assert.equal(source:current(), source:find("a"))
            assert.stub(semaphores).was_not_called()
            assert.equal(1, raw_server.connections)
        end)

        it("causes one fetch in 30 s, however many ask", function()
            local source = open()
            serve("a")
            fetch_now(source)
            raw_server.plan({ 0.2, jwks.response(jwks.text("a", "b")) })
            local seconds, found = find_all(source, 200, function(place) return place % 2 == 0 and "b" or "x" .. place end)
            assert.is_true(seconds >= 0.2 and seconds < 1, tostring(seconds))
            for place = 1, 200 do assert.equal(source:current(), found[place]) end
            assert.equal("a b", kids(source))
            assert.equal(1, raw_server.connections)
            -- And none of them waits again.
            seconds = find_all(source, 200, function(place) return "y" .. place end)
            assert.is_true(seconds < 0.1, tostring(seconds))
            assert.equal(1, raw_server.connections)
        end)

        it("causes another one after that time", function()
            local source = open({ ask = 0.2 })
            serve("a")
            fetch_now(source)
            source:find("x")
            source:find("y")
            assert.equal(2, raw_server.connections)
            ngx.sleep(0.25)
            source:find("y")
            assert.equal(3, raw_server.connections)
        end)

        it("is asked for by one of several workers, and found by all", function()
            local source = open()
            serve("a")
            fetch_now(source)
            local other = setmetatable(in_another_worker(source), getmetatable(source))
            other.waiting = require("resty.openclaw.auth.jwt.key_url.waiting").new(other)
            feeds.update(other)
            raw_server.plan({ 0.1, jwks.response(jwks.text("b")) })
            local first, second
            local threads = {
                ngx.thread.spawn(function() first = source:find("b") end),
                ngx.thread.spawn(function() second = other:find("b") end),
            }
            for _, thread in ipairs(threads) do ngx.thread.wait(thread) end
            assert.equal("b", jwks.kids(first, "a", "b"))
            assert.equal("b", jwks.kids(second, "a", "b"))
            assert.equal(1, raw_server.connections)
        end)

        it("waits for keys that another worker has fetched already", function()
            local source = open()
            serve("a")
            fetch_now(source)
            shared_keys.store(source.shared, 7, jwks.text("b"))
            local seconds, found = find_all(source, 1, function() return "b" end)
            assert.equal("b", jwks.kids(found[1], "a", "b"))
            assert.is_true(seconds < 0.1)
            assert.equal(1, raw_server.connections)
        end)

        it("is not fetched by a worker that comes second, which waits for the first one", function()
            local source = open()
            serve("a")
            fetch_now(source)
            local claim = shared_keys.claim
            -- Another worker is faster just now, and ends its fetch in a moment.
            registry.region.names:safe_add("jwks asked " .. source.shared.id, 1, 30)
            shared_keys.claim = function(...)
                shared_keys.note_start(source.shared, clock.now())
                ngx.timer.at(0.05, function()
                    shared_keys.store(source.shared, 7, jwks.text("b"))
                    shared_keys.note_end(source.shared)
                end)
                return claim(...)
            end
            local found = source:find("b")
            shared_keys.claim = claim
            assert.equal("b", jwks.kids(found, "a", "b"))
            assert.equal(1, raw_server.connections)
            assert.is_false(shared_keys.is_running(source.shared))
            assert.is_nil(source.fetch)
        end)

        it("wastes no turn while this worker fetches already", function()
            local source = open({ wait = 0.1 })
            serve("a")
            fetch_now(source)
            raw_server.plan({ 0.3, jwks.response(jwks.text("a")) }, jwks.response(jwks.text("b")))
            shared_keys.set_due(source.shared, 0)
            refresh.tick(source)
            for _ = 1, 2 do assert.equal("a", jwks.kids(source:find("b"), "a", "b")) end
            eventually(function() return source.fetch == nil end, "a fetch ends")
            assert.equal("b", jwks.kids(source:find("b"), "a", "b"))
        end)

        it("is waited for no longer than a second", function()
            local source = open({ wait = 0.2 })
            serve("a")
            fetch_now(source)
            raw_server.plan({ 0.6, jwks.response(jwks.text("b")) })
            local seconds, found = find_all(source, 50, function() return "b" end)
            assert.is_true(seconds >= 0.19 and seconds < 0.4, tostring(seconds))
            assert.equal("a", jwks.kids(found[1], "a", "b"))
            -- Those that come later do not wait for it again.
            seconds = find_all(source, 50, function() return "b" end)
            assert.is_true(seconds < 0.1, tostring(seconds))
            eventually(function() return kids(source) == "b" end, "the keys come all the same")
            assert.equal(1, raw_server.connections)
        end)

        it("is waited for by so many requests at most", function()
            local source = open({ wait = 0.3 })
            serve("a")
            fetch_now(source)
            raw_server.plan({ 0.2, jwks.response(jwks.text("b")) })
            local _, found = find_all(source, 600, function() return "b" end)
            local served = 0
            for place = 1, 600 do served = served + (found[place]:has("b") and 1 or 0) end
            assert.equal(512, served)
        end)

        it("costs no place where a request ends while it waits", function()
            local source = open()
            serve("a")
            fetch_now(source)
            raw_server.plan({ 0.1, jwks.response(jwks.text("b")) })
            local thread = ngx.thread.spawn(function() source:find("b") end)
            assert.equal(-1, source.waiting.semaphore:count())
            ngx.thread.kill(thread)
            eventually(function() return kids(source) == "b" end, "the fetch goes on")
            eventually(function() return not source.waiting.is_watched end, "nobody is waited for")
            assert.equal(0, source.waiting.semaphore:count())
        end)

        it("is asked for where there are no keys yet", function()
            local source = open()
            serve("a")
            assert.equal("a", jwks.kids(source:find("a"), "a"))
            source = open()
            raw_server.plan(jwks.response("", "", "500 Oops"))
            assert.is_nil(source:find("a"))
            assert.is_nil(source:find("a"))
            assert.equal(1, raw_server.connections)
            assert.is_true(seconds_to_next(source) <= 1)
        end)

        it("does not put a fetch off that is due", function()
            local source = open()
            serve("a")
            fetch_now(source)
            shared_keys.set_due(source.shared, clock.now() + 0.001)
            raw_server.plan(jwks.response("", "", "500 Oops"))
            source:find("b")
            assert.is_true(seconds_to_next(source) < 0.01)
        end)

        it("in a flood costs next to nothing", function()
            local source = open()
            serve("a")
            fetch_now(source)
            source:find("x")
            collectgarbage()
            local before, began = collectgarbage("count"), os.clock()
            for _ = 1, 100000 do source:find("y") end
            local each = (os.clock() - began) / 100000
            -- Ten times as long as it takes, and more; under valgrind it takes longer.
            assert.is_true(each < 2e-5, tostring(each))
            assert.is_true(collectgarbage("count") - before < 64)
        end)
    end)

    describe("texts", function()
        it("of an older fetch never replace those of a newer one", function()
            local shared = open().shared
            assert.equal(1, assert(shared_keys.store(shared, 1, "one")))
            assert.equal(3, assert(shared_keys.store(shared, 3, "three")))
            assert.equal(3, assert(shared_keys.store(shared, 2, "two")))
            assert.equal("three", shared_keys.text(shared, 3))
            assert.is_nil(shared_keys.text(shared, 1))
            assert.equal(3, assert(shared_keys.store(shared, 4, "three")))
        end)

        it("stay when there is no room for the next", function()
            local tiny = metric_registry.open("many_routes").region
            local shared = shared_keys.new(tiny, "tiny")
            assert.equal(1, assert(shared_keys.store(shared, 1, "one")))
            local version, err = shared_keys.store(shared, 2, ("x"):rep(2 * 1024 * 1024))
            assert.is_nil(version)
            assert.equal("the lua_shared_dict has no room for it: no memory", err)
            assert.equal("one", shared_keys.text(shared, 1))
        end)

        it("are numbered in the order of the fetches' starts", function()
            local shared = open().shared
            local first = shared_keys.next_number(shared)
            assert.equal(first + 1, shared_keys.next_number(shared))
        end)
    end)
end)
