local api_keys = require("spec.support.api_keys")
local clock = require("resty.openclaw.core.time.clock")
local eventually = require("spec.support.eventually")
local fault = require("resty.openclaw.core.metrics.fault")
local listener = require("spec.support.listener")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local problem = require("resty.openclaw.config.problems")
local redis_keys = require("resty.openclaw.auth.api_key.redis_keys")
local redis_peer = require("spec.support.redis_peer")
local schema = require("resty.openclaw.config.schema")
local is_foreign = require("spec.support.is_foreign")

local accept, commands, read_to = redis_peer.accept, redis_peer.commands, redis_peer.read_to
local key = api_keys.key
local registry = metric_registry.open("openclaw")
local SOCKET = ngx.config.prefix() .. "redis.sock"
local NOW = 1801353600 -- 2027-01-31

local function open(options)
    local problems = {}
    redis_keys.check_options(options, "spec.redis", problems)
    local read = schema.read(redis_keys.SCHEMA, options, "spec.redis", problems)
    problem.raise(problems)
    return redis_keys.new(read, "spec.redis", fault.new("auth", registry))
end

--- Checks a key in a light thread.
local function check(method, its_key, now)
    local result = {}
    ngx.thread.spawn(function()
        result.caller, result.reason = method:check(its_key, now or NOW)
        result.done = true
    end)
    return result
end

local function done(result)
    eventually(function() return result.done end, "a verdict")
    return result.caller and result.caller.identity or result.reason
end

--- What Redis sends for a hash with these fields and values.
local function record(...)
    local words = { "*" .. select("#", ...) .. "\r\n" }
    for index = 1, select("#", ...) do
        local word = select(index, ...)
        words[#words + 1] = ("$%d\r\n%s\r\n"):format(#word, word)
    end
    return table.concat(words)
end

describe("auth.api_key.redis_keys", function()
    local now, log, server, lines = clock.now, ngx.log, nil, nil
    local ahead

    before_each(function()
        lines, ahead = {}, 0
        clock.now = function() return now() + ahead end
        ngx.log = function(_, ...)
            local parts = { ... }
            for index = 1, select("#", ...) do parts[index] = tostring(parts[index]) end
            local text = table.concat(parts)
            if not is_foreign(text) then lines[#lines + 1] = text end
        end
    end)

    after_each(function()
        clock.now, ngx.log = now, log
        listener.close_all()
        -- nginx notices that what it has kept is closed.
        ngx.sleep(0.01)
        for _, line in ipairs(lines) do
            assert.is_nil(line:find("oc_", 1, true), line)
            assert.is_nil(line:find(api_keys.digest(key("one")), 1, true), line)
        end
    end)

    --- Checks a key, of which Redis says this: the verdict, and what Redis was asked.
    local function asked(method, peer, its_key, answer, at)
        local result = check(method, its_key, at)
        local sent = commands(read_to(peer, api_keys.digest(its_key) .. "\r\n"))
        peer:send(answer)
        return done(result), sent, result.caller
    end

    --- A method with an open connection, which knows the key "first".
    local function connected(options)
        server = listener.unix_stream(SOCKET)
        local all = { path = SOCKET }
        for name, value in pairs(options or {}) do all[name] = value end
        local method = open(all)
        local result = check(method, key("first"))
        local peer = accept(server)
        read_to(peer, api_keys.digest(key("first")) .. "\r\n")
        peer:send(record("id", "first"))
        assert.equal("first", done(result))
        return method, peer
    end

    it("asks Redis for the hash of a key's digest", function()
        local method, peer = connected()
        local fields = record("id", "one", "tenant", "acme", "class", "vip", "rate", "10/second", "routes", "a,b", "expires", "2027-02-01")
        local verdict, sent, caller = asked(method, peer, key("one"), fields)
        assert.equal("one", verdict)
        assert.same({ "hgetall openclaw:key:" .. api_keys.digest(key("one")) }, sent)
        assert.same({ "acme", "vip", "10/second", 1801440000 }, { caller.tenant, caller.class, caller.rate, caller.expires_at })
        assert.is_true(caller.routes.a and caller.routes.b)
        peer:close()
        method, peer = connected({ prefix = "k/", database = 0 })
        sent = select(2, asked(method, peer, key("one"), fields))
        assert.same({ "hgetall k/" .. api_keys.digest(key("one")) }, sent)
    end)

    it("asks nothing about malformed keys", function()
        server = listener.unix_stream(SOCKET)
        local method = open({ path = SOCKET })
        assert.same({ nil, "malformed" }, { method:check("short", NOW) })
        ngx.sleep(0.02)
        assert.is_nil(server:accept())
    end)

    it("remembers a key for its time, but never after it has expired", function()
        local method, peer = connected({ cache_seconds = 10 })
        assert.equal("one", (asked(method, peer, key("one"), record("id", "one", "expires", "2027-02-01"))))
        ahead = 9
        assert.equal("one", done(check(method, key("one"))))
        assert.equal("expired", done(check(method, key("one"), 1801440000)))
        ahead = 11
        -- It was withdrawn meanwhile.
        assert.equal("unknown_key", (asked(method, peer, key("one"), "*0\r\n")))
        assert.equal("unknown_key", done(check(method, key("one"))))
    end)

    it("remembers for a second that there is no such key", function()
        local method, peer = connected()
        assert.equal("unknown_key", (asked(method, peer, key("one"), "*0\r\n")))
        ahead = 0.9
        assert.equal("unknown_key", done(check(method, key("one"))))
        ahead = 1.2
        assert.equal("one", (asked(method, peer, key("one"), record("id", "one"))))
    end)

    it("keeps known keys through a flood of random ones", function()
        local method, peer = connected()
        for number = 1, 3000 do method.unknown:set("digest " .. number, clock.now()) end
        assert.equal("first", done(check(method, key("first"))))
        assert.is_nil(peer:receive())
        assert.is_nil(method.unknown:get("digest 1"))
        assert.truthy(method.unknown:get("digest 3000"))
    end)

    it("asks once for all requests with the same key", function()
        local method, peer = connected()
        local results = {}
        for number = 1, 20 do results[number] = check(method, key("one")) end
        assert.equal(1, #commands(read_to(peer, api_keys.digest(key("one")) .. "\r\n")))
        peer:send(record("id", "one"))
        for number = 1, 20 do assert.equal("one", done(results[number])) end
        assert.is_nil(peer:receive())
        assert.is_nil(server:accept())
        -- The same with one that does not exist.
        for number = 1, 20 do results[number] = check(method, key("two")) end
        read_to(peer, api_keys.digest(key("two")) .. "\r\n")
        peer:send("*0\r\n")
        for number = 1, 20 do assert.equal("unknown_key", done(results[number])) end
        assert.is_nil(peer:receive())
    end)

    it("asks anew where the request that asked was ended in the middle", function()
        local method = connected({ timeout_seconds = 0.2 })
        local thread = ngx.thread.spawn(function() method:check(key("one"), NOW) end)
        local waiting = check(method, key("one"))
        ngx.thread.kill(thread)
        -- The light thread of the question goes with its request; here it is left, and nobody answers it.
        method.lookup.questions[api_keys.digest(key("one"))].done = { wait = function() return nil, "timeout" end, post = function() end }
        assert.equal("unavailable", done(waiting))
        assert.is_nil(method.lookup.questions[api_keys.digest(key("one"))])
        local again = check(method, key("one"))
        local peer = accept(server)
        read_to(peer, api_keys.digest(key("one")) .. "\r\n")
        peer:send(record("id", "one"))
        assert.equal("one", done(again))
    end)

    it("has few questions under way at the same time, and others wait for their turn", function()
        local method, peer = connected({ cache_seconds = 5, timeout_seconds = 30 })
        local places_of_new, places_of_known = method.lookup.places_of_new, method.lookup.places_of_known
        for _ = 1, 96 do places_of_new:take(60, 0) end
        local waiting, same = check(method, key("one")), check(method, key("one"))
        ngx.sleep(0.01)
        assert.is_nil(waiting.done)
        assert.is_nil(peer:receive())
        -- Keys that were known before have places of their own.
        ahead = 6
        assert.equal("first", (asked(method, peer, key("first"), record("id", "first"))))
        places_of_new:give_back(50)
        read_to(peer, api_keys.digest(key("one")) .. "\r\n")
        peer:send(record("id", "one"))
        assert.same({ "one", "one" }, { done(waiting), done(same) })
        -- All places are free again after their time, whoever had them.
        assert.equal(1, places_of_known:take(1, 0))
    end)

    it("refuses those that wait for their turn for too long", function()
        local method = connected({ timeout_seconds = 0.1 })
        for _ = 1, 96 do method.lookup.places_of_new:take(60, 0) end
        assert.equal("unavailable", done(check(method, key("one"))))
        assert.equal(1, #lines)
        assert.matches("too many look%-ups at the same time", lines[1])
        assert.is_nil(method.lookup.questions[api_keys.digest(key("one"))])
        -- That says nothing of Redis.
        assert.is_false(method:status().failing)
    end)

    describe("while Redis fails", function()
        --- Nobody listens any more.
        local function gone(options)
            local method, peer = connected(options)
            server:close()
            peer:close()
            ngx.sleep(0.01)
            return method
        end

        it("refuses keys that it does not know at the moment", function()
            local method = gone({ cache_seconds = 10 })
            assert.equal("first", done(check(method, key("first"))))
            assert.equal("unavailable", done(check(method, key("one"))))
            ahead = 11
            assert.equal("unavailable", done(check(method, key("first"))))
            assert.is_true(method:status().failing)
            assert.equal(1, #lines)
            assert.matches("auth: redis: no API keys from Redis: cannot connect: connection refused", lines[1], 1, true)
        end)

        it("goes on with what it knows where it may, for so long", function()
            local method = gone({ cache_seconds = 10, on_error = "stale", stale_seconds = 60 })
            ahead = 69
            assert.equal("first", done(check(method, key("first"))))
            assert.equal("unavailable", done(check(method, key("one"))))
            ahead = 71
            assert.equal("unavailable", done(check(method, key("first"))))
        end)

        it("never uses a key again that Redis said is gone", function()
            local method, peer = connected({ cache_seconds = 10, on_error = "stale" })
            ahead = 11
            assert.equal("unknown_key", (asked(method, peer, key("first"), "*0\r\n")))
            server:close()
            peer:close()
            ngx.sleep(0.01)
            ahead = 13
            assert.equal("unavailable", done(check(method, key("first"))))
        end)

        it("asks once a second, and goes on when Redis is back", function()
            local method = gone()
            assert.equal("unavailable", done(check(method, key("one"))))
            server = listener.unix_stream(SOCKET)
            assert.equal("unavailable", done(check(method, key("two"))))
            assert.is_nil(server:accept())
            ahead = 1.1
            local first, second = check(method, key("one")), check(method, key("two"))
            assert.equal("unavailable", done(second))
            local peer = accept(server)
            read_to(peer, api_keys.digest(key("one")) .. "\r\n")
            peer:send(record("id", "one"))
            assert.equal("one", done(first))
            assert.is_false(method:status().failing)
            assert.equal("two", (asked(method, peer, key("two"), record("id", "two"))))
        end)

        it("waits no longer than it is told to", function()
            local method = connected({ timeout_seconds = 0.2 })
            local began = now()
            assert.equal("unavailable", done(check(method, key("one"))))
            assert.is_true(now() - began < 10)
            assert.matches("not done in time", lines[1])
        end)

        it("says why Redis refuses, but never shows digests", function()
            for err, line in pairs({
                ["NOPERM User default has no permissions to run the 'hgetall' command"] = "NOPERM User default has no permissions",
                ["LOADING Redis is loading the dataset in memory"] = "LOADING",
                ["ERR unknown command 'hgetall', with args beginning with: 'openclaw:key:" .. api_keys.digest(key("one")) .. "'"] = "it refuses HGETALL",
            }) do
                lines = {}
                local method, peer = connected()
                assert.equal("unavailable", (asked(method, peer, key("one"), "-" .. err .. "\r\n")))
                assert.equal(1, #lines)
                assert.matches(line, lines[1], 1, true)
                peer:close()
                ngx.sleep(0.01)
            end
        end)

        it("makes nothing of garbage", function()
            for _, garbage in ipairs({ "+OK\r\n", ":1\r\n", "$2\r\nid\r\n", "$-1\r\n", "*-1\r\n", "HTTP/1.1 400 Bad\r\n\r\n", "*x\r\n" }) do
                local method, peer = connected()
                assert.equal("unavailable", (asked(method, peer, key("one"), garbage)))
                peer:close()
                ngx.sleep(0.01)
            end
        end)
    end)

    it("uses no record that is not in order, and says so, but goes on", function()
        for answer, err in pairs({
            [record("tenant", "acme")] = "the id must be 1 to 64",
            [record("id", "a b")] = "the id must be 1 to 64",
            [record("id", "x", "route", "a")] = "it may have the fields id, tenant, class, rate, routes and expires, and has others",
            [record("id", "x", "class", "")] = "class must be",
            [record("id", "x", "routes", "")] = "routes must be",
            [record("id", "x", "expires", "soon")] = "expires must be",
            ["*2\r\n$2\r\nid\r\n:5\r\n"] = "it has other values than texts",
            ["*2\r\n$2\r\nid\r\n$-1\r\n"] = "it has other values than texts",
            ["*1\r\n$2\r\nid\r\n"] = "it has other values than texts",
            ["*40\r\n" .. ("$1\r\nx\r\n"):rep(40)] = "it has too many fields",
            ["-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"] = "it is no hash",
        }) do
            lines = {}
            local method, peer = connected()
            assert.equal("unknown_key", (asked(method, peer, key("one"), answer)))
            assert.equal(1, #lines)
            assert.matches("an API key in Redis is not used: " .. err, lines[1], 1, true)
            assert.is_false(method:status().failing)
            assert.equal("two", (asked(method, peer, key("two"), record("id", "two"))))
            peer:close()
            ngx.sleep(0.01)
        end
    end)

    it("has the options of the client, with a shorter timeout", function()
        assert.equal(1, open({}).lookup.timeout_seconds)
        local function refused(sentence, options)
            local ok, err = pcall(open, options)
            assert.is_false(ok)
            assert.equal(sentence, err)
        end
        refused('spec.redis.on_error must be one of closed, stale, got "open"', { on_error = "open" })
        refused('spec.redis: "username" needs "password" or "password_file"', { username = "x" })
        refused('spec.redis: unknown option "cache_second"; did you mean "cache_seconds"?', { cache_second = 1 })
        refused("spec.redis.cache_seconds must be a number from 0 up, got -1", { cache_seconds = -1 })
    end)
end)
