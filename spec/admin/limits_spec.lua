local builder = require("resty.openclaw.gateway.builder")
local cjson = require("cjson")
local http = require("spec.support.http")
local limits = require("spec.support.limits")
local locks = require("resty.openclaw.core.memory.lock")

local OPEN, GUARDED, GATEWAY, LIMITS = 18170, 18171, 18173, 18230
local ROOT = "/openclaw/limits"
local LIMIT = ROOT .. "/analyze/changeable"
local TOKENS = ROOT .. "/a%2Fb%20%22c%22/changeable_tokens"

local function call(method, path, body, port)
    local lines = { method .. " " .. path .. " HTTP/1.1", "Connection: close", "Host: localhost" }
    if body then lines[#lines + 1] = "Content-Length: " .. #body end
    return http.raw(table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or ""), port or OPEN)
end

local function json_of(answer, status)
    assert.equal(status or 200, answer.status, answer.body)
    assert.equal("application/json", answer.header("Content-Type"))
    assert.equal("no-store", answer.header("Cache-Control"))
    return cjson.decode(answer.body)
end

local function put(path, body) return json_of(call("PUT", path, body)) end
local function show(path) return json_of(call("GET", path)) end
local function forget(path) return json_of(call("DELETE", path .. "/changes")) end

local function assert_error(answer, status, code)
    assert.equal(status, answer.status, answer.body)
    local error = cjson.decode(answer.body).error
    assert.equal(code, error.code)
    return error.message
end

local function statuses(count, path)
    local found = {}
    for place = 1, count do found[place] = http.get_from(LIMITS, path).status end
    return found
end

local function forget_all()
    ngx.shared.openclaw_limit:flush_all()
    for _, instance in pairs({ limits.changeable, limits.changeable_tokens, limits.changeable_shared }) do
        for _, report in ipairs(instance:report()) do
            instance:change(report.name)
            for _, class in ipairs(report.classes) do instance:change(report.name, class.name) end
        end
    end
end

describe("admin of limits", function()
    before_each(forget_all)
    after_each(forget_all)

    it("shows them", function()
        local changeable = {
            route = "analyze", name = "changeable", by = "$arg_key", per = "hour", rate = 1, tokens = cjson.null, burst = 0, delay = cjson.null,
            changed = false, store = "dict", dry_run = false,
            classes = { { name = "vip", rate = 2, tokens = cjson.null, burst = 1, delay = cjson.null, changed = false } },
        }
        assert.same(changeable, show(LIMIT))
        assert.same(changeable.classes[1], show(LIMIT .. "/classes/vip"))
        local of_route = show(ROOT .. "/analyze").limits
        assert.same(changeable, of_route[1])
        assert.equal("changeable_day", of_route[2].name)
        assert.is_true(of_route[2].dry_run)
        local all = show(ROOT).limits
        assert.equal(5, #all)
        -- In the order of the routes' names.
        assert.equal('a/b "c"', all[1].route)
        assert.same(show(TOKENS), all[1])
        assert.equal(100, all[1].tokens)
        assert.equal(cjson.null, all[1].rate)
        assert.equal(100, all[1].burst)
        assert.equal(cjson.null, show(ROOT .. "/keys/changeable_keys").rate)
        assert.equal("redis", show(ROOT .. "/shared/changeable_shared").store)
        local head = http.raw("HEAD " .. LIMIT .. " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", OPEN)
        assert.equal(200, head.status)
        assert.equal("", head.body)
    end)

    it("changes a rate, which is in force at once", function()
        assert.same({ 200, 429 }, statuses(2, "/changeable?key=a"))
        local changed = put(LIMIT, '{"rate":3,"burst":2}')
        assert.equal(3, changed.rate)
        assert.equal(2, changed.burst)
        assert.is_true(changed.changed)
        assert.is_false(changed.classes[1].changed)
        -- The buckets of the new rate are empty.
        assert.same({ 200, 200, 200, 429 }, statuses(4, "/changeable?key=a"))
        assert.equal('"changeable";q=3;w=3600', http.get_from(LIMITS, "/changeable?key=a").header("RateLimit-Policy"))
        -- What is not in the body stays.
        assert.equal(3, put(LIMIT, '{"burst":0}').rate)
        assert.same({ 200, 429 }, statuses(2, "/changeable?key=a"))
        local before = forget(LIMIT)
        assert.equal(1, before.rate)
        assert.is_false(before.changed)
        -- What was counted at the configured rate is known still.
        assert.same({ 429 }, statuses(1, "/changeable?key=a"))
    end)

    it("changes the rate of a class, and of nobody else", function()
        local changed = put(LIMIT .. "/classes/vip", '{"rate":10,"burst":2}')
        assert.same({ name = "vip", rate = 10, tokens = cjson.null, burst = 2, delay = cjson.null, changed = true }, changed)
        assert.same({ 200, 200, 200, 429 }, statuses(4, "/changeable?key=b&class=vip"))
        assert.same({ 200, 429 }, statuses(2, "/changeable?key=b"))
        assert.equal(2, forget(LIMIT .. "/classes/vip").rate)
    end)

    it("changes the delay of a burst only where that follows the burst", function()
        assert.equal(60, put(ROOT .. "/analyze/changeable_day", '{"burst":60}').burst)
        assert.equal(40, limits.changeable.all[2].options.delay)
        assert.equal(40, show(ROOT .. "/analyze/changeable_day").delay)
        local refused = call("PUT", ROOT .. "/analyze/changeable_day", '{"burst":39}')
        assert.matches("at least the delay", assert_error(refused, 400, "bad_change"))
        assert.same({ 200, 200 }, statuses(2, "/changeable?key=c&class=vip"))
    end)

    it("changes a budget of tokens; its burst follows unless it is set", function()
        local changed = put(TOKENS, '{"tokens":1000}')
        assert.equal(1000, changed.tokens)
        assert.equal(1000, changed.burst)
        assert.equal(50, put(TOKENS, '{"burst":50}').burst)
        assert.equal(1000, show(TOKENS).tokens)
        assert.equal(100, forget(TOKENS).burst)
    end)

    it("refuses what does not exist", function()
        assert_error(call("GET", ROOT .. "/none"), 404, "unknown_route")
        assert_error(call("GET", ROOT .. "/none/changeable"), 404, "unknown_route")
        assert.matches('There are "changeable", "changeable_day"', assert_error(call("GET", ROOT .. "/analyze/none"), 404, "unknown_limit"), 1, true)
        assert_error(call("DELETE", ROOT .. "/analyze/changes"), 404, "not_found")
        assert.matches("DELETE …/changes takes back", assert_error(call("DELETE", LIMIT), 405, "method_not_allowed"), 1, true)
        assert_error(call("PUT", ROOT .. "/analyze/none", '{"rate":1}'), 404, "unknown_limit")
        assert_error(call("GET", LIMIT .. "/classes/none"), 404, "unknown_class")
        assert_error(call("DELETE", LIMIT .. "/classes/none/changes"), 404, "unknown_class")
        for _, rest in ipairs({ "/", "/analyze/", "/analyze/changeable/none", "/analyze/changeable/classes", "/analyze/changeable/classes/vip/none", "x" }) do
            assert_error(call("GET", ROOT .. rest), 404, "not_found")
        end
        assert_error(call("PUT", ROOT .. "/keys/changeable_keys", '{"rate":1}'), 404, "no_rate")
        for path, allow in pairs({ [ROOT] = "GET, HEAD", [ROOT .. "/analyze"] = "GET, HEAD", [LIMIT] = "GET, HEAD, PUT", [LIMIT .. "/changes"] = "DELETE" }) do
            local answer = call("POST", path, "{}")
            assert_error(answer, 405, "method_not_allowed")
            assert.equal(allow, answer.header("Allow"))
        end
    end)

    it("refuses what is no rate", function()
        for body, code in pairs({
            [""] = "bad_json", ["[]"] = "bad_json", ['{"rate":1,"rate":2}'] = "bad_json",
            ["{}"] = "bad_change", ['{"rate":0}'] = "bad_change", ['{"rate":-1}'] = "bad_change", ['{"rate":1e10}'] = "bad_change",
            ['{"rate":"1"}'] = "bad_change", ['{"burst":1.5}'] = "bad_change", ['{"burst":-1}'] = "bad_change", ['{"tokens":1}'] = "bad_change",
            ['{"per":"day"}'] = "bad_change", ['{"rate":null}'] = "bad_change",
        }) do
            assert_error(call("PUT", LIMIT, body), 400, code)
        end
        for _, body in ipairs({ "{}", '{"tokens":0}', '{"tokens":1.5}', '{"rate":5}', '{"burst":0}', '{"tokens":2e12}' }) do
            assert_error(call("PUT", TOKENS, body), 400, "bad_change")
        end
        assert.is_false(show(LIMIT).changed)
        assert.is_false(show(TOKENS).changed)
    end)

    it("takes numbers however small or large", function()
        for number, body in ipairs({ '{"rate":1e-320}', '{"rate":1e-301,"burst":0}', '{"rate":1e-12}' }) do
            local path = "/changeable?key=slow" .. number
            put(LIMIT, body)
            assert.same({ 200, 429, 429 }, statuses(3, path))
            local refused = http.get_from(LIMITS, path)
            assert.equal("1000000000", refused.header("Retry-After"))
            assert.equal('"changeable";r=0;t=1000000000', refused.header("RateLimit"))
            assert.equal('"changeable";q=1;w=1000000000', refused.header("RateLimit-Policy"))
        end
        put(LIMIT, '{"rate":1000000000,"burst":1000000000}')
        assert.same({ 200, 200, 200 }, statuses(3, "/changeable?key=fast"))
        put(LIMIT, '{"rate":1e-320,"burst":1000000000}')
        assert.same({ 200, 200, 200 }, statuses(3, "/changeable?key=large"))
        for _, body in ipairs({ '{"rate":1e308}', '{"rate":1e-400}', '{"rate":1e999}', '{"rate":-1e-300}', '{"burst":1e308}', '{"burst":1e-300}', '{"burst":-0.0}x' }) do
            assert.equal(400, call("PUT", LIMIT, body).status, body)
        end
    end)

    it("refuses a change while another one takes too long, and leaves the limit as it is", function()
        local record = limits.changeable.limits[1].rate
        local lock = record.lock
        local wait = stub(locks, "wait_for_lock").returns(false)
        assert.matches("another change is in progress", assert_error(call("PUT", LIMIT, '{"rate":9}'), 503, "not_stored"))
        wait.returns(false, "no memory")
        assert.matches("is full", assert_error(call("DELETE", LIMIT .. "/changes"), 503, "not_stored"))
        wait:revert()
        assert.is_false(show(LIMIT).changed)
        assert.is_nil(locks.holder(lock))
        -- Half of a change is none, also if who made it has died.
        local version = record.record[2]
        record.record[2], record.record[0] = version + 1, 7
        assert.equal(1, show(LIMIT).rate)
        assert.same({ 9, 3 }, { put(LIMIT, '{"rate":9,"burst":3}').rate, show(LIMIT).burst })
        assert.equal(version + 2, record.record[2])
    end)

    it("is for operators only", function()
        assert_error(call("GET", ROOT, nil, GUARDED), 401, "unauthorized")
        local answer = http.raw("GET " .. ROOT .. " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nVia: 1.1 proxy\r\n\r\n", OPEN)
        assert_error(answer, 403, "forbidden")
        assert_error(call("GET", "/limits_unset"), 500, "not_set_up")
        local of_gateway = call("GET", ROOT, nil, GATEWAY)
        assert.equal(200, of_gateway.status, of_gateway.body)
    end)

    it("has the limits of the gateway's routes", function()
        local built = builder.build({
            upstreams = { cluster = { nodes = { "127.0.0.1:18161" } } },
            routes = { bare = { upstream = "cluster" }, limited = { upstream = "cluster", limit = { { name = "gateway", rate = 7 } } } },
        })
        assert.is_nil(built.admin.limits.bare)
        assert.equal(7, built.admin.limits.limited:report()[1].rate.amount)
    end)

    it("is logged", function()
        local log = stub(ngx, "log")
        put(LIMIT, '{"rate":3.5,"burst":2}')
        put(LIMIT .. "/classes/vip", '{"burst":7}')
        put(TOKENS, '{"tokens":500}')
        forget(LIMIT)
        log:revert()
        local texts = {}
        for _, entry in ipairs(log.calls) do
            local text = table.concat(entry.vals, "", 2)
            if text:find("^admin: ") then texts[#texts + 1] = text end
        end
        assert.same({
            'admin: 127.0.0.1 changed limit "changeable" of route "analyze": 3.5 requests per hour, burst 2',
            'admin: 127.0.0.1 changed limit "changeable" of route "analyze" for class "vip": burst 7',
            'admin: 127.0.0.1 changed limit "changeable_tokens" of route "a/b "c"": 500 tokens per day, burst 500',
            'admin: 127.0.0.1 took back the changes of limit "changeable" of route "analyze"',
        }, texts)
    end)

end)
