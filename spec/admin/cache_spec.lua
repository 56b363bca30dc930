local admins = require("spec.support.admins")
local cjson = require("cjson")
local http = require("spec.support.http")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")

local OPEN, GATEWAY = 18170, 18173
local ROOT = "/openclaw/cache"
local KEY = ("0123456789abcdef"):rep(4)

local function call(method, path, port, ...)
    local lines = { method .. " " .. path .. " HTTP/1.1", "Connection: close", "Host: localhost", ... }
    return http.raw(table.concat(lines, "\r\n") .. "\r\n\r\n", port or OPEN)
end

local function json_of(answer)
    assert.equal(200, answer.status, answer.body)
    assert.equal("application/json", answer.header("Content-Type"))
    assert.equal("no-store", answer.header("Cache-Control"))
    return cjson.decode(answer.body)
end

local function assert_error(answer, status, code)
    assert.equal(status, answer.status, answer.body)
    local error = cjson.decode(answer.body).error
    assert.equal(code, error.code)
    return error.message
end

describe("admin of the cache", function()
    local purges = admins.purges

    before_each(function()
        purges.asked, purges.made, purges.err = {}, { generation = 7, is_all = false }, nil
        purges.now = { path = "/var/lib/openclaw/purges", filters = 0, last = 0, at = 0 }
    end)

    it("shows what the cache of each route did", function()
        local registry = metric_registry.open("openclaw")
        local requests = registry.families["openclaw_cache_requests_total"]
        local before = json_of(call("GET", ROOT)).routes
        assert.same({ "spec cached", 'spec "odd"' }, { before[1].route, before[2].route })
        for status, count in pairs({ hit = 1, stale = 2, updating = 4, miss = 8, expired = 16, revalidated = 32, bypass = 64 }) do
            requests:labels("spec cached", "", status):inc(count)
        end
        requests:labels("spec cached", "v2", "hit"):inc(128)
        requests:labels('spec "odd"', "", "miss"):inc(3)
        requests:labels("another", "", "miss"):inc(5)
        for name, by in pairs({ openclaw_cache_saved_bytes_total = 1000, openclaw_cache_saved_seconds_total = 1.5 }) do
            registry.families[name]:labels("spec cached", ""):inc(by)
            registry.families[name]:labels("spec cached", "v2"):inc(by)
        end
        local after = json_of(call("GET", ROOT)).routes
        local function grown(place, name) return after[place][name] - before[place][name] end
        assert.same({ 135, 56, 64, 2000, 3 }, {
            grown(1, "hits"), grown(1, "misses"), grown(1, "bypassed"), grown(1, "saved_bytes"), grown(1, "saved_seconds"),
        })
        assert.same({ 0, 3, 0, 0 }, { grown(2, "hits"), grown(2, "misses"), grown(2, "bypassed"), grown(2, "saved_bytes") })
        local head = call("HEAD", ROOT)
        assert.equal(200, head.status)
        assert.equal("", head.body)
    end)

    it("shows what is kept of purges", function()
        assert.same(
            { file = "/var/lib/openclaw/purges", filters = 0, last_generation = 0, last_at = cjson.null, shared = cjson.null },
            json_of(call("GET", ROOT)).purges
        )
        purges.now = { path = "/p", filters = 3, last = 8, at = 1700000000 }
        assert.same({ file = "/p", filters = 3, last_generation = 8, last_at = 1700000000, shared = cjson.null }, json_of(call("GET", ROOT)).purges)
        purges.now.shared = { address = "10.0.2.5:6379", is_in_step = true, delay_seconds = 2 }
        assert.same({ redis = "10.0.2.5:6379", in_step = true, delay_seconds = 2 }, json_of(call("GET", ROOT)).purges.shared)
        assert.equal(cjson.null, json_of(call("GET", "/unkept")).purges)
    end)

    it("purges what the query says", function()
        local function fields(filter, is_all)
            return {
                route = filter.route or cjson.null, tenant = filter.tenant or cjson.null, model = filter.model or cjson.null,
                key = filter.key or cjson.null, all = is_all or false, generation = 7,
            }
        end
        for query, filter in pairs({
            ["route=spec%20cached"] = { route = "spec cached" },
            ["tenant=a%26b"] = { tenant = "a&b" },
            ["model=m&tenant=t&route=spec+cached"] = { route = "spec cached", tenant = "t", model = "m" },
            ["key=" .. KEY:upper()] = { key = KEY },
            ["tenant=" .. ("x"):rep(256)] = { tenant = ("x"):rep(256) },
        }) do
            purges.asked = {}
            assert.same(fields(filter), json_of(call("DELETE", ROOT .. "?" .. query)))
            assert.same({ filter }, purges.asked)
        end
        purges.asked, purges.made = {}, { generation = 7, is_all = true }
        assert.same(fields({}, true), json_of(call("DELETE", ROOT .. "?all=true")))
        assert.same({ {} }, purges.asked)
    end)

    it("purges nothing without a filter, or with a wrong one", function()
        assert.matches("all=true", assert_error(call("DELETE", ROOT), 400, "no_filter"), 1, true)
        assert_error(call("DELETE", ROOT .. "?"), 400, "no_filter")
        for query, message in pairs({
            ["rout=a"] = 'The argument "rout" is unknown: the query may have route, tenant and model, or key, or all=true.',
            ["route=a&%0A%C3%A4" .. ("x"):rep(100) .. "=a"] = 'The argument "???' .. ("x"):rep(61) .. '" is unknown',
            ["route"] = "route must have a value.",
            ["tenant="] = "tenant must have a value.",
            ["model=a&model=b"] = "model stands in the query twice.",
            ["tenant=" .. ("x"):rep(257)] = "tenant must have at most 256 bytes.",
            ["key=abc"] = "key must be 64 hexadecimal digits.",
            ["key=" .. ("g"):rep(64)] = "key must be 64",
            ["key=" .. KEY .. "&route=a"] = "key must be the only argument.",
            ["all=true&tenant=a"] = "all must be the only argument.",
            ["all=1"] = "all must be true.",
            ["all"] = "all must have a value.",
            ["all=false"] = "all must be true.",
            [("a=b&"):rep(20)] = "too many",
        }) do
            assert.matches(message, assert_error(call("DELETE", ROOT .. "?" .. query), 400, "bad_filter"), 1, true)
        end
        assert.same({}, purges.asked)
    end)

    it("refuses routes without a cache", function()
        local message = assert_error(call("DELETE", ROOT .. "?route=none"), 404, "unknown_route")
        assert.matches('There are "spec cached"', message, 1, true)
        assert.same({}, purges.asked)
    end)

    it("says why a purge was not kept", function()
        purges.made, purges.err = nil, "cannot write: No space left on device"
        local answer = call("DELETE", ROOT .. "?all=true")
        assert.equal("The change was not stored: cannot write: No space left on device.", assert_error(answer, 503, "not_stored"))
        assert.equal("1", answer.header("Retry-After"))
        assert.matches("setup needs the option cache = { purges", assert_error(call("DELETE", "/unkept?all=true"), 409, "purges_not_kept"), 1, true)
    end)

    it("has one address, and three methods", function()
        assert_error(call("GET", ROOT .. "/x"), 404, "not_found")
        assert_error(call("DELETE", ROOT .. "/?all=true"), 404, "not_found")
        local answer = call("PUT", ROOT)
        assert_error(answer, 405, "method_not_allowed")
        assert.equal("GET, HEAD, DELETE", answer.header("Allow"))
        assert.same({}, purges.asked)
    end)

    it("lets nobody in who may not", function()
        for _, method in ipairs({ "GET", "DELETE" }) do
            assert_error(call(method, "/cached?all=true"), 401, "unauthorized")
            assert_error(call(method, ROOT .. "?all=true", OPEN, "X-Forwarded-For: 127.0.0.1"), 403, "forbidden")
            assert_error(call(method, ROOT .. "?all=true", OPEN, "X-OpenClaw-Delivery: x"), 403, "forbidden")
        end
        assert.same({}, purges.asked)
        json_of(call("DELETE", "/cached?all=true", OPEN, "Authorization: Bearer " .. admins.TOKEN))
        assert.equal(1, #purges.asked)
    end)

    it("is there in the gateway, whatever its server has", function()
        assert.same({}, json_of(call("GET", ROOT, GATEWAY)).routes)
        assert_error(call("DELETE", ROOT .. "?all=true", GATEWAY), 409, "purges_not_kept")
        assert_error(call("GET", "/cache_unset"), 500, "not_set_up")
    end)
end)
