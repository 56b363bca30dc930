local clock = require("resty.openclaw.core.time.clock")
local eventually = require("spec.support.eventually")
local fake_redis = require("spec.support.fake_redis")
local fault = require("resty.openclaw.core.metrics.fault")
local listener = require("spec.support.listener")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local options = require("resty.openclaw.limit.redis_options")
local outages = require("resty.openclaw.limit.outage")
local places = require("resty.openclaw.redis_client.places")
local problem = require("resty.openclaw.config.problems")
local stores = require("resty.openclaw.limit.redis_store")
local is_foreign = require("spec.support.is_foreign")

local SOCKET = ngx.config.prefix() .. "redis_store.sock"
local registry = metric_registry.open("openclaw")
local dict = ngx.shared.openclaw_limit

local function read(given)
    local problems = {}
    local values = options.KIND.read(given, "spec.redis", problems)
    problem.raise(problems)
    return values
end

local last = 0

--- A store with a route of its own, and a link of its own unless `same` is that of another.
local function open(timeout_seconds, same)
    last = last + 1
    local given = { path = SOCKET, timeout_seconds = timeout_seconds or 20, prefix = "spec " .. (same or last) .. ":" }
    local place = read(given)
    local outage = outages.new(place, "spec", { { name = "one", on_error = "open" } })
    return stores.new(place, "spec.redis", given.prefix .. last .. ":", dict, fault.new("limit", registry), outage), last
end

--- The line in the log for an error of a Redis that so many routes use.
local function told(err, routes)
    local others = routes and (" (%d routes use it)"):format(routes) or ""
    return ('limit: redis: Redis at unix:%s%s does not count requests of the route "spec": %s; meanwhile the limit "one" accepts all requests (on_error = "open")')
        :format(SOCKET, others, err)
end

local BUCKET = { { key = "one", interval = 60, room = 0, is_dry_run = false } }

describe("limit.redis_store", function()
    local redis, server
    local log, lines, now = ngx.log, nil, clock.now
    local ahead

    before_each(function()
        os.remove(SOCKET)
        dict:flush_all()
        redis = fake_redis.new(1800000000)
        server = listener.unix_stream(SOCKET)
        redis:serve(server)
        lines, ahead = {}, 0
        clock.now = function() return now() + ahead end
        ngx.log = function(_, ...)
            local parts = { ... }
            for place = 1, select("#", ...) do parts[place] = tostring(parts[place]) end
            local text = table.concat(parts)
            if not is_foreign(text) then lines[#lines + 1] = text end
        end
    end)
    after_each(function()
        ngx.log, clock.now = log, now
        redis:stop()
        listener.close_all()
        -- nginx notices that what it has kept is closed.
        ngx.sleep(0.01)
    end)

    it("sends the script only to a Redis that does not know it", function()
        local store = open()
        assert.equal(0, stores.count(store, {}, BUCKET, 0).refused_by)
        assert.equal(1, stores.count(store, {}, BUCKET, 0).refused_by)
        redis.knows_script = false
        assert.equal(1, stores.count(store, {}, BUCKET, 0).refused_by)
        assert.equal("evalsha eval evalsha evalsha eval ", redis.commands)
        assert.same({}, lines)
    end)

    it("names its gateway once a second, and knows how many there are", function()
        local store = open()
        assert.equal(1, stores.gateways(store))
        redis.sets[store.gateways_key] = { other = redis.now - 1700000000 }
        for _ = 1, 3 do stores.count(store, {}, BUCKET, 0) end
        assert.equal(2, stores.gateways(store))
        ahead = 1.1
        stores.count(store, {}, BUCKET, 0)
        local named = {}
        -- Three keys and arguments come before the gateway's name.
        for place, words in ipairs(redis.calls) do named[place] = words[4] end
        assert.same({ store.gateway, "", "", store.gateway }, named)
        assert.matches("^%x+$", store.gateway)
        -- A reload changes nothing.
        assert.equal(store.gateway, (open()).gateway)
    end)

    it("pauses while Redis fails, for all routes, and asks again beside the requests", function()
        local store, number = open(0.05)
        local other = open(0.05, number)
        redis.hangs = true
        assert.is_true(stores.may_ask(store))
        assert.is_nil(stores.count(store, {}, BUCKET, 0))
        assert.is_false(stores.may_ask(store))
        assert.is_false(stores.may_ask(other))
        assert.same({ told("not done in time", 2) }, lines)
        redis.hangs = false
        eventually(function() return stores.may_ask(other) end, "Redis is asked again")
        assert.is_true(stores.may_ask(store))
        assert.equal(0, stores.count(store, {}, BUCKET, 0).refused_by)
        assert.same({ "limit: redis: Redis at unix:" .. SOCKET .. " replies again, and counts requests" }, { unpack(lines, 2) })
        -- It fails again within the minute: neither is said.
        redis.refusal = "LOADING Redis is loading the dataset in memory"
        assert.is_nil(stores.count(store, {}, BUCKET, 0))
        redis.refusal = nil
        eventually(function() return stores.may_ask(store) end, "Redis is asked again")
        assert.is_truthy(stores.count(store, {}, BUCKET, 0))
        assert.equal(2, #lines)
    end)

    it("asks no more than once at a time while Redis fails", function()
        local store = open(0.05)
        redis.refusal = "LOADING Redis is loading the dataset in memory"
        assert.is_nil(stores.count(store, {}, BUCKET, 0))
        redis.commands = ""
        ahead = 0.15
        for _ = 1, 10 do assert.is_false(stores.may_ask(store)) end
        eventually(function() return redis.commands ~= "" end, "a question")
        for _ = 1, 10 do assert.is_false(stores.may_ask(store)) end
        assert.equal("evalsha ", redis.commands)
        redis.refusal = nil
        ahead = 10
        eventually(function() return stores.may_ask(store) end, "Redis is asked again")
    end)

    it("asks a bounded number of questions at the same time, on connections that it keeps", function()
        local store = open(0.2)
        store.link.places = places.new(3)
        assert.equal(0, stores.count(store, {}, BUCKET, 0).refused_by)
        local state, threads = {}, {}
        local verdicts, connections = 0, #redis.peers
        for number = 1, 12 do
            threads[number] = ngx.thread.spawn(function()
                if stores.count(store, state, BUCKET, 0) then verdicts = verdicts + 1 end
            end)
        end
        for number = 1, 12 do ngx.thread.wait(threads[number]) end
        assert.equal(12, verdicts)
        assert.equal(3, #redis.peers)
        assert.equal(1, connections)
        assert.same({}, state)
        -- Where all of them are taken for longer than a request waits, it is not counted; Redis is asked all the same.
        for _ = 1, 3 do store.link.places:take(60, clock.now()) end
        assert.is_nil(stores.count(store, state, BUCKET, 0))
        assert.same({ told("too many questions at the same time") }, lines)
        assert.is_true(stores.may_ask(store))
        assert.same({}, state)
    end)

    it("does not ask where Redis has failed while a request waited", function()
        local store = open(20)
        store.link.places = places.new(1)
        local taken = store.link.places:take(60, clock.now())
        local verdict = "none"
        local thread = ngx.thread.spawn(function() verdict = stores.count(store, {}, BUCKET, 0) end)
        store.link.is_failing = true
        store.link.places:give_back(taken)
        ngx.thread.wait(thread)
        assert.is_nil(verdict)
        assert.is_nil(redis.commands)
        assert.equal(1, store.link.places:take(60, clock.now()))
    end)

    it("gives the place back of a request that was ended in the middle", function()
        local store = open(20)
        store.link.places = places.new(1)
        redis.hangs = true
        local state = {}
        local thread = ngx.thread.spawn(stores.count, store, state, BUCKET, 0)
        assert.is_nil(store.link.places:take(1, clock.now()))
        ngx.thread.kill(thread)
        stores.leave(state)
        stores.leave(state)
        assert.same({}, state)
        assert.equal(1, store.link.places:take(1, clock.now()))
    end)

    it("knows what an old Redis says of a command in the script", function()
        local store = open()
        redis.refusal = "ERR Error running script (call to f_0a1b): @user_script:41: @user_script: 41: -OOM command not allowed when used memory > 'maxmemory'."
        assert.is_nil(stores.count(store, {}, BUCKET, 0))
        assert.is_false(stores.may_ask(store))
        assert.same({ told("OOM command not allowed when used memory > 'maxmemory'.") }, lines)
    end)

    it("does not pause because of one bucket", function()
        local store = open()
        redis.refusal = "WRONGTYPE Operation against a key holding the wrong kind of value"
        assert.is_nil(stores.count(store, {}, BUCKET, 0))
        assert.is_true(stores.may_ask(store))
        assert.same({ told(redis.refusal) }, lines)
        redis.refusal = nil
        assert.is_truthy(stores.count(store, {}, BUCKET, 0))
        assert.equal(1, #lines)
    end)

    it("logs no words of a command, and no more than a line", function()
        local store = open()
        redis.refusal = "ERR unknown command 'evalsha', with args beginning with: 'x' '2' 'secret'"
        assert.is_nil(stores.count(store, {}, BUCKET, 0))
        assert.same({ told("ERR unknown command 'evalsha'") }, lines)
        lines, store.faults.next_line = {}, {}
        redis.refusal = "ERR " .. ("x"):rep(5000)
        assert.is_nil(stores.count(store, {}, BUCKET, 0))
        assert.is_true(#lines[1] < 600)
    end)
end)

describe("limit.redis_options", function()
    it("tells places apart, and shows no secret", function()
        local seen = {}
        for _, given in ipairs({
            {}, { port = 6380 }, { password = "secret" }, { username = "a", password = "secret" }, { hosts = { "a:1", "b:2" } }, { hosts = { "a:1" } }, { ssl = true },
        }) do
            local text = options.fingerprint(read(given))
            assert.is_nil(seen[text])
            assert.equal(text, options.fingerprint(read(given)))
            assert.matches("^%x+$", text)
            seen[text] = true
        end
    end)

    it("keeps the keys of a route together", function()
        assert.equal("openclaw:limit:{analyze}:", options.key_prefix(options.DEFAULTS, "analyze"))
        assert.equal("mine:{*}:", options.key_prefix(read({ prefix = "mine:" }), ""))
    end)
end)
