local admin = require("resty.openclaw.admin")
local admins = require("spec.support.admins")
local cjson = require("cjson")
local execute = require("spec.support.execute")
local http = require("spec.support.http")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local paths = require("resty.openclaw.admin.path")
local setup = require("resty.openclaw.gateway.builder")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local OPEN, GUARDED, PROXIED, GATEWAY, NOTHING = 18170, 18171, 18172, 18173, 18174
local ROOT = "/openclaw/upstreams"
local NODE = ROOT .. "/cluster/nodes/127.0.0.1:18161"
local NEW = ROOT .. "/cluster/nodes/10.0.1.10:8000"
local TOLD = ROOT .. "/a%2Fb%20%22c%22"

--- The bytes of a request. `headers`: whole lines; a Host header among them replaces the usual one.
local function bytes(method, path, body, headers)
    local lines = { method .. " " .. path .. " HTTP/1.1", "Connection: close" }
    local has_host = false
    for _, line in ipairs(headers or {}) do
        lines[#lines + 1] = line
        if line:lower():find("^host:") then has_host = true end
    end
    if not has_host then lines[#lines + 1] = "Host: localhost:18170" end
    if body then lines[#lines + 1] = "Content-Length: " .. #body end
    return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")
end

local function call(method, path, body, headers, port)
    return http.raw(bytes(method, path, body, headers), port or OPEN)
end

local function get(path, ...) return call("GET", path, nil, ...) end
local function put(path, body, ...) return call("PUT", path, body, ...) end
local function delete(path, ...) return call("DELETE", path, nil, ...) end

local function assert_error(answer, status, code)
    local context = tostring(answer.status) .. " " .. tostring(answer.body)
    assert.equal(status, answer.status, context)
    local error = cjson.decode(answer.body).error
    assert.equal(code, error.code, context)
    assert.equal(status, error.status)
    assert.equal("no-store", answer.header("Cache-Control"))
    assert.equal("application/json", answer.header("Content-Type"))
    return error.message
end

local function json_of(answer, status)
    assert.equal(status or 200, answer.status, answer.body)
    assert.equal("application/json", answer.header("Content-Type"))
    assert.equal("no-store", answer.header("Cache-Control"))
    assert.equal("nosniff", answer.header("X-Content-Type-Options"))
    assert.equal(tostring(#answer.body), answer.header("Content-Length"))
    return cjson.decode(answer.body)
end

--- The addresses of the upstream's nodes now.
local function addresses()
    local found = {}
    for _, node in ipairs(json_of(get(ROOT .. "/cluster")).nodes) do found[#found + 1] = node.address end
    return found
end

local THREE = { "127.0.0.1:18161", "[::1]:18162", "unix:/run/admin spec.sock" }

local function counted(method, status)
    local registry = metric_registry.open("openclaw")
    local counter = metric_registry.counter(registry, "openclaw_admin_requests_total", "", { "method", "status" })
    return shared_memory.total(registry.region, counter:labels(method, status).slot)
end

--- What is logged while `work` runs, as lines with the admin's name.
local function logged(work)
    local log = stub(ngx, "log")
    local ok, err = pcall(work)
    log:revert()
    assert(ok, err)
    local lines = {}
    for _, entry in ipairs(log.calls) do
        local parts = {}
        for index = 2, #entry.vals do parts[#parts + 1] = tostring(entry.vals[index]) end
        local line = table.concat(parts)
        if line:find("^admin: ") then lines[#lines + 1] = { level = entry.vals[1], text = line } end
    end
    return lines
end

describe("admin", function()
    before_each(admins.reset)

    describe("shows", function()
        it("all upstreams", function()
            admins.told.reports = { { address = "10.0.0.1:1", state = "healthy", weight = 1, drain = false, in_flight = 0, effective_weight = 0 / 0, changed = false } }
            local answer = get(ROOT)
            local upstreams = json_of(answer).upstreams
            assert.equal(3, #upstreams.cluster.nodes)
            assert.is_nil(upstreams.cluster.degraded)
            assert.is_false(upstreams['a/b "c"'].degraded)
            assert.equal("10.0.0.1:1", upstreams['a/b "c"'].nodes[1].address)
            assert.truthy(answer.body:find('^{"upstreams":{"a/b'))
        end)

        it("that there are none", function()
            assert.equal('{"upstreams":{}}\n', get(ROOT, nil, NOTHING).body)
            admins.told.degraded = true
            assert.equal('{"name":"a/b \\"c\\"","degraded":true,"nodes":[]}\n', get(TOLD).body)
        end)

        it("one upstream", function()
            local upstream = json_of(get(ROOT .. "/cluster"))
            assert.equal("cluster", upstream.name)
            local first, second, third = unpack(upstream.nodes)
            assert.equal("127.0.0.1:18161", first.address)
            assert.equal("[::1]:18162", second.address)
            assert.equal(3, second.weight)
            assert.is_false(second.drain)
            assert.equal("unix:/run/admin spec.sock", third.address)
            assert.equal("draining", third.state)
            assert.is_true(third.drain)
        end)

        it("one node with all its fields in their order, and null for what is no number", function()
            admins.told.reports = {
                { address = "10.0.0.1:1", state = "healthy", weight = 0.1, drain = false, in_flight = 3, effective_weight = 0 / 0, service_seconds = math.huge, changed = true },
            }
            assert.equal(
                '{"address":"10.0.0.1:1","state":"healthy","reason":null,"seconds_left":null,"weight":0.1,"drain":false,"in_flight":3,"effective_weight":null,'
                    .. '"service_seconds":null,"concurrency":null,"changed":true}\n',
                get(TOLD .. "/nodes/10.0.0.1:1").body
            )
            local node = json_of(get(NODE))
            assert.equal("healthy", node.state)
            assert.equal(0, node.in_flight)
            assert.is_false(node.changed)
        end)

        it("the same to HEAD, without the body", function()
            for _, path in ipairs({ ROOT, ROOT .. "/cluster", NODE }) do
                local shown, answer = get(path), call("HEAD", path)
                assert.equal(200, answer.status)
                assert.equal("", answer.body)
                assert.equal(shown.header("Content-Length"), answer.header("Content-Length"))
            end
            local answer = call("HEAD", ROOT .. "/no")
            assert.equal(404, answer.status)
            assert.equal("", answer.body)
        end)
    end)

    describe("finds a node", function()
        it("however its address is written", function()
            for _, address in ipairs({ "127.0.0.1:018161", "127.0.0.1%3A18161", "%31%32%37.0.0.1:18161" }) do
                assert.equal("127.0.0.1:18161", json_of(get(ROOT .. "/cluster/nodes/" .. address)).address)
            end
            for _, address in ipairs({ "[::1]:18162", "%5B::1%5d:18162", "[0:0::0001]:18162" }) do
                assert.equal("[::1]:18162", json_of(get(ROOT .. "/cluster/nodes/" .. address)).address)
            end
        end)

        it("at a unix socket, whose slashes are escaped", function()
            local path = ROOT .. "/cluster/nodes/unix:%2Frun%2Fadmin%20spec.sock"
            assert.equal("unix:/run/admin spec.sock", json_of(get(path)).address)
            assert_error(get(ROOT .. "/cluster/nodes/unix:/run/admin%20spec.sock"), 404, "not_found")
        end)

        it("whatever the query says", function()
            json_of(get(NODE .. "?a=/b#c"))
            assert_error(get(NODE .. "%3Fa"), 404, "unknown_node")
        end)

        it("below another prefix", function()
            assert.equal(3, #json_of(get("/nodes/cluster")).nodes)
            assert_error(get("/nodesx"), 404, "not_found")
        end)
    end)

    describe("answers 404", function()
        it("to addresses that stand for nothing", function()
            for _, rest in ipairs({
                "/", "//", "x", "/cluster/", "/cluster//nodes", "/cluster/nodes", "/cluster/nodes/", "/cluster/node/127.0.0.1:18161",
                "/cluster/nodes/127.0.0.1:18161/", "/cluster/nodes/127.0.0.1:18161/change", "/cluster/nodes/127.0.0.1:18161/changes/x",
                "/../upstreams", "/./cluster", "//cluster/nodes/127.0.0.1:18161",
            }) do
                assert_error(get(ROOT .. rest), 404, "not_found")
            end
            assert_error(get("/openclaw/%75pstreams"), 404, "not_found")
            assert_error(get("/x/.." .. ROOT), 404, "not_found")
        end)

        it("to broken escapes, if nginx lets them through", function()
            for _, rest in ipairs({ "/%zz", "/%2", "/%", "/a%", "/%2g", "/%%41", "/cluster/nodes/%" }) do
                assert_error(get(ROOT .. rest), 400, "bad_request")
                assert.is_nil(paths.parts(ROOT, ROOT .. rest))
            end
            assert.same({ "%41\0" }, paths.parts(ROOT, ROOT .. "/%2541%00"))
        end)

        it("to upstreams that are unknown", function()
            for _, name in ipairs({ "other", "Cluster", "cluster%20", "cluster+", "a", "__index", "a%2fb", "nodes", ("x"):rep(4000) }) do
                assert_error(get(ROOT .. "/" .. name), 404, "unknown_upstream")
            end
            assert_error(put(ROOT .. "/other/nodes/10.0.1.10:8000", "{}"), 404, "unknown_upstream")
            assert_error(delete(ROOT .. "/other/nodes/10.0.1.10:8000/changes"), 404, "unknown_upstream")
        end)

        it("to nodes that are unknown", function()
            for _, address in ipairs({
                "10.0.1.10:8000", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:18161%01", "127.0.0.1:18161%0d%0aX-Evil:%201", "localhost:18161",
                "unix:%2Frun%2Fother", "..", "%2e%2e", "127.0.0.1%252E", "%C0%AE",
            }) do
                for _, method in ipairs({ "GET", "DELETE" }) do
                    local answer = call(method, ROOT .. "/cluster/nodes/" .. address)
                    assert_error(answer, 404, "unknown_node")
                    assert.is_nil(answer.header("X-Evil"))
                end
            end
            assert_error(delete(ROOT .. "/cluster/nodes/10.0.1.10:8000/changes"), 404, "unknown_node")
            assert_error(delete(ROOT .. "/cluster/nodes/nonsense/changes"), 404, "unknown_node")
            assert.same(THREE, addresses())
        end)
    end)

    it("answers 405 with what the address takes", function()
        for path, allow in pairs({ [ROOT] = "GET, HEAD", [ROOT .. "/cluster"] = "GET, HEAD", [NODE] = "GET, HEAD, PUT, DELETE", [NODE .. "/changes"] = "DELETE" }) do
            for _, method in ipairs({ "POST", "PATCH", "OPTIONS", "PROPFIND", "CONNECT_", "GET_" }) do
                local answer = call(method, path)
                assert_error(answer, 405, "method_not_allowed")
                assert.equal(allow, answer.header("Allow"))
            end
        end
        assert.equal(405, put(ROOT .. "/cluster", "{}").status)
        assert.equal(405, get(NODE .. "/changes").status)
        assert.equal("GET, HEAD", delete(ROOT .. "/unknown").header("Allow"))
    end)

    describe("changes", function()
        it("a node's weight and drains it, and leaves what is not named", function()
            local node = json_of(put(NODE, '{"weight":2.5}'))
            assert.equal(2.5, node.weight)
            assert.is_false(node.drain)
            assert.is_true(node.changed)
            node = json_of(put(NODE, '{"drain":true}'))
            assert.equal(2.5, node.weight)
            assert.equal("draining", node.state)
            node = json_of(put(NODE, ' { "drain" : false , "weight" : 1e1 } \n'))
            assert.equal(10, node.weight)
            assert.equal("healthy", node.state)
            node = json_of(put(NODE, "{}"))
            assert.equal(10, node.weight)
            assert.same(THREE, addresses())
        end)

        it("nodes of every kind of address", function()
            json_of(put(ROOT .. "/cluster/nodes/%5B::1%5D:18162", '{"weight":4}'))
            json_of(put(ROOT .. "/cluster/nodes/unix:%2Frun%2Fadmin%20spec.sock", '{"drain":false}'))
            local nodes = json_of(get(ROOT .. "/cluster")).nodes
            assert.equal(4, nodes[2].weight)
            assert.equal("healthy", nodes[3].state)
        end)

        it("adds a node, with weight 1 when none is given", function()
            local node = json_of(put(NEW, "{}"), 201)
            assert.equal("10.0.1.10:8000", node.address)
            assert.equal(1, node.weight)
            assert.is_false(node.drain)
            node = json_of(put(ROOT .. "/cluster/nodes/[2001:0db8::1]:080", '{"weight":2,"drain":true}'), 201)
            assert.equal("[2001:db8::1]:80", node.address)
            assert.equal(2, node.weight)
            json_of(put(ROOT .. "/cluster/nodes/unix:%2Frun%2Fa.sock", "{}"), 201)
            assert.equal(6, #addresses())
            assert.equal(2, json_of(put(NEW, '{"weight":2}'), 200).weight)
        end)

        it("removes a node, and adds it again", function()
            assert.same({ address = "127.0.0.1:18161", removed = true }, json_of(delete(NODE)))
            assert_error(get(NODE), 404, "unknown_node")
            assert_error(delete(NODE), 404, "unknown_node")
            assert.same({ "[::1]:18162", "unix:/run/admin spec.sock" }, addresses())
            json_of(put(NODE, "{}"), 201)
            assert.same(THREE, addresses())
            json_of(put(NEW, "{}"), 201)
            json_of(delete(NEW))
            assert.same(THREE, addresses())
        end)

        it("takes changes back", function()
            json_of(put(NODE, '{"weight":2,"drain":true}'))
            local node = json_of(delete(NODE .. "/changes"))
            assert.equal(1, node.weight)
            assert.is_false(node.drain)
            assert.is_false(node.changed)
            json_of(delete(NODE))
            assert.equal("127.0.0.1:18161", json_of(delete(NODE .. "/changes")).address)
            json_of(put(NEW, "{}"), 201)
            assert.same({ address = "10.0.1.10:8000", removed = true }, json_of(delete(NEW .. "/changes")))
            assert.same(THREE, addresses())
            json_of(delete(NODE .. "/changes"))
        end)

        it("passes on what it was asked for, and says when it was not stored", function()
            admins.told.reports = { { address = "10.0.0.1:1", state = "healthy", weight = 1, drain = false, in_flight = 0, effective_weight = 1, changed = false } }
            local path = TOLD .. "/nodes/10.0.0.1:1"
            json_of(put(path, '{"drain":true}'))
            json_of(delete(path))
            json_of(delete(path .. "/changes"))
            assert.same({
                { "change", "10.0.0.1:1", { drain = true } }, { "change", "10.0.0.1:1", { remove = true } }, { "forget", "10.0.0.1:1" },
            }, admins.told.asked)
            admins.told.ok, admins.told.err = false, "another change is in progress; try again"
            for _, answer in ipairs({ put(path, "{}"), delete(path), delete(path .. "/changes") }) do
                local message = assert_error(answer, 503, "not_stored")
                assert.equal("The change was not stored: another change is in progress; try again.", message)
                assert.equal("1", answer.header("Retry-After"))
            end
            -- Stored, but nobody follows.
            admins.told.ok, admins.told.reports = true, {}
            assert_error(put(path, "{}"), 503, "not_stored")
        end)
    end)

    describe("refuses a change", function()
        after_each(function() assert.same(THREE, addresses()) end)

        it("that is no JSON object", function()
            for _, body in ipairs({
                "", " ", "{", "}", "[]", "[1]", "null", "true", "1", '"x"', "{}x", "{} {}", "{weight:1}", "{'weight':1}", '{"weight":}', '{"weight":NaN}',
                '{"weight":nan}', '{"weight":Infinity}', '{"weight":-Infinity}', '{"weight":0x10}', '{"weight":01}', '{"weight":+1}', '{"weight":1,}', "\239\187\191{}", "{\0}", '{"weight":1}\0', "{}\0x",
                ("["):rep(4096), ('{"weight":'):rep(400), '{"weight":1,"weight":2}', '{"drain":true,"weight":1,"drain":false}', '{"weight":{"a":"b"},"weight":1}', '{"we\\u0069ght":1,"weight":2}',
            }) do
                assert_error(put(NODE, body), 400, "bad_json")
            end
            assert_error(call("PUT", NODE), 400, "bad_json")
            assert_error(put(NEW, ""), 400, "bad_json")
        end)

        it("of fields that are unknown, and names them", function()
            local message = assert_error(put(NODE, '{"wieght":2,"remove":true,"weight":1}'), 400, "bad_change")
            assert.equal("Unknown fields: remove, wieght. Known are weight and drain.", message)
            assert_error(put(NODE, '{"":1}'), 400, "bad_change")
            assert_error(put(NODE, '{"Weight":1}'), 400, "bad_change")
            assert_error(put(NODE, '{"__index":{}}'), 400, "bad_change")
            local answer = put(NODE, '{"\\r\\nX-Evil: 1\\r\\n\\u0000\255":1}')
            assert_error(answer, 400, "bad_change")
            assert.is_nil(answer.header("X-Evil"))
            assert.is_false(json_of(get(NODE)).changed)
        end)

        it("to a weight that is none", function()
            for _, weight in ipairs({ "0", "-0", "-1", "1e999", "-1e999", "1e308", "1000001", "1e-7", "5e-324", "null", "true", '"1"', "[1]", "[]", "{}", ("9"):rep(400) }) do
                assert_error(put(NODE, '{"weight":' .. weight .. "}"), 400, "bad_change")
            end
            local message = assert_error(put(NODE, '{"weight":0}'), 400, "bad_change")
            assert.equal("The weight must be a number from 0.000001 to 1000000; to take the node out of service, set drain to true.", message)
            assert.is_false(json_of(get(NODE)).changed)
        end)

        it("to drain what is neither true nor false", function()
            for _, drain in ipairs({ "null", "0", "1", '"true"', "[true]", "{}" }) do
                assert_error(put(NODE, '{"drain":' .. drain .. "}"), 400, "bad_change")
            end
            assert.is_false(json_of(get(NODE)).changed)
        end)

        it("that would add what is no address", function()
            for _, address in ipairs({
                "10.0.1.10", "10.0.1.10:0", "10.0.1.10:65536", "10.0.1.10:-1", "10.0.1.10:1e3", "10.0.1:80", "256.0.0.1:80", "0x7f.0.0.1:80", "localhost:80",
                "node%0a:80", "10.0.1.10:80%01", "10.0.1.10:80%20", "10.0.1.10:80,10.0.1.11:80", "[::1]", "::1:80", "[::1%25lo]:80", "[fe80::1]:80x", "unix:", "unix:x", "unix:%2F",
                "unix:%2Frun%2Fa%20b", "unix:%2Frun%2Fa,b", "unix:%2Frun%2Fa%0ab", "unix:%2Frun%2Fa%01b", "unix:%2F%C3%A4", "unix:%2F" .. ("x"):rep(107), ("1"):rep(3000),
            }) do
                assert_error(put(ROOT .. "/cluster/nodes/" .. address, "{}"), 400, "bad_change")
            end
            assert.equal(201, put(ROOT .. "/cluster/nodes/unix:%2F" .. ("x"):rep(106), "{}").status)
            delete(ROOT .. "/cluster/nodes/unix:%2F" .. ("x"):rep(106))
        end)

        it("whose body is over 4096 bytes, however it comes", function()
            local fits = "{" .. (" "):rep(4094) .. "}"
            json_of(put(NODE, fits))
            assert_error(put(NODE, fits .. " "), 413, "body_too_large")
            local head = bytes("PUT", NODE, nil, { "Transfer-Encoding: chunked" })
            local function chunk(text) return ("%x\r\n%s\r\n"):format(#text, text) end
            assert.equal(200, http.raw({ head, chunk("{}") .. "0\r\n\r\n" }, OPEN).status)
            assert.equal(200, http.raw({ head, chunk(fits) .. "0\r\n\r\n" }, OPEN).status)
            assert_error(http.raw({ head, chunk(fits) .. chunk(" ") .. "0\r\n\r\n" }, OPEN), 413, "body_too_large")
            assert_error(http.raw({ head, chunk((" "):rep(60000)) .. "0\r\n\r\n" }, OPEN), 413, "body_too_large")
            -- Said, never sent.
            assert_error(http.raw(bytes("PUT", NODE, nil, { "Content-Length: 999999999" }), OPEN), 413, "body_too_large")
        end)

        it("whose body is said to be something else", function()
            for _, content_type in ipairs({ "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "text/json, application/json", "multipart/form-data; boundary=application/json", "json" }) do
                assert_error(put(NODE, "{}", { "Content-Type: " .. content_type }), 415, "unsupported_media_type")
            end
            for _, content_type in ipairs({ "application/json", "Application/JSON; charset=utf-8", "application/json;x" }) do
                json_of(put(NODE, "{}", { "Content-Type: " .. content_type }))
            end
        end)

        it("whose body cannot be read, and counts that", function()
            local read = stub(require("resty.openclaw.core.request.request_body"), "read").returns(nil, "gone")
            local lines
            local ok, err = pcall(function()
                lines = logged(function() assert_error(put(NODE, "{}"), 500, "internal_error") end)
            end)
            read:revert()
            assert(ok, err)
            assert.equal(1, #lines)
        end)
    end)

    describe("of a waiting room", function()
        local LEARNING, CLASSED = "/queues/learning/queue", "/queues/classed/queue"

        it("shows all fields in their order", function()
            local shown = '{"concurrency":3,"learned":false,"changed":false,"taken":0,"classes":[{"name":"standard","weight":1,"waiting":0,"size":10},'
                .. '{"name":"vip","weight":8,"waiting":0,"size":5}]}'
            local answer = get(CLASSED)
            assert.equal(shown .. "\n", answer.body)
            assert.equal(answer.header("Content-Length"), call("HEAD", CLASSED).header("Content-Length"))
            assert.truthy(get("/queues/classed").body:find('{"name":"classed","queue":' .. shown .. ',"nodes":[', 1, true))
            local all = json_of(get("/queues")).upstreams
            assert.same(json_of(answer), all.classed.queue)
            assert.is_true(all.learning.queue.learned)
            assert.is_nil(all.cluster.queue)
            assert.is_nil(all.told.queue)
        end)

        it("shows what is taken and who waits", function()
            local places = require("resty.openclaw.balancer.waiting_room.places")
            local room = admins.classed.room
            local vip = room.places.by_name.vip
            local waiter = { since = ngx.now() }
            places.take(room.places, vip)
            places.join(room.places, vip, waiter)
            local queue = json_of(get(CLASSED))
            places.leave(room.places, vip, waiter)
            places.give_back(room.places)
            assert.equal(1, queue.taken)
            assert.equal(0, queue.classes[1].waiting)
            assert.equal(1, queue.classes[2].waiting)
        end)

        it("changes how many places there are, and takes that back", function()
            local changed = json_of(put(CLASSED, '{"concurrency":20}'))
            assert.same({ 20, false, true }, { changed.concurrency, changed.learned, changed.changed })
            assert.equal(20, json_of(get("/queues/classed")).queue.concurrency)
            assert.equal(20, admins.classed:queue().concurrency)
            local back = json_of(delete(CLASSED .. "/changes"))
            assert.same({ 3, false, false }, { back.concurrency, back.learned, back.changed })
            assert.equal(3, admins.classed:queue().concurrency)
            -- Where nothing was changed, too.
            assert.equal(3, json_of(delete(CLASSED .. "/changes")).concurrency)
            for _, number in ipairs({ 1, 1000000 }) do assert.equal(number, json_of(put(LEARNING, '{"concurrency":' .. number .. "}")).concurrency) end
            assert.is_false(json_of(get(LEARNING)).learned)
            assert.is_true(json_of(delete(LEARNING .. "/changes")).learned)
            assert.equal(5, json_of(get(LEARNING)).concurrency)
        end)

        it("refuses what is no change, and leaves all as it was", function()
            for _, body in ipairs({
                "", "[]", "1", '{"concurrency":}', '{"concurrency":NaN}', '{"concurrency":1}\0', '{"concurrency":1,"concurrency":2}',
                '{"c\\u006fncurrency":1,"concurrency":2}', ("["):rep(4096),
            }) do
                assert_error(put(CLASSED, body), 400, "bad_json")
            end
            for _, concurrency in ipairs({ "0", "-1", "1.5", "1000001", "1e999", "null", "true", '"1"', '"learned"', "[1]", "{}" }) do
                local message = assert_error(put(CLASSED, '{"concurrency":' .. concurrency .. "}"), 400, "bad_change")
                assert.equal('concurrency must be a whole number from 1 to 1000000. DELETE of queue/changes goes back to what nginx.conf says, such as "learned".', message)
            end
            assert_error(put(CLASSED, "{}"), 400, "bad_change")
            local message = assert_error(put(CLASSED, '{"concurrency":2,"size":5}'), 400, "bad_change")
            assert.equal("Unknown fields: size. Known is concurrency.", message)
            assert_error(put(CLASSED, '{"concurrency":2}' .. (" "):rep(4096)), 413, "body_too_large")
            assert_error(put(CLASSED, '{"concurrency":2}', { "Content-Type: text/plain" }), 415, "unsupported_media_type")
            assert.same({ 3, false }, { json_of(get(CLASSED)).concurrency, json_of(get(CLASSED)).changed })
        end)

        it("answers 404 where there is none", function()
            for _, name in ipairs({ "cluster", "told" }) do
                local path = "/queues/" .. name .. "/queue"
                for _, answer in ipairs({ get(path), put(path, '{"concurrency":2}'), delete(path .. "/changes") }) do
                    assert_error(answer, 404, "no_queue")
                end
            end
            assert_error(get("/queues/no/queue"), 404, "unknown_upstream")
            for _, rest in ipairs({ "/", "/x", "/changes/x", "/changes/" }) do assert_error(get(CLASSED .. rest), 404, "not_found") end
        end)

        it("answers 405 with what the address takes", function()
            local answer = delete(CLASSED)
            assert_error(answer, 405, "method_not_allowed")
            assert.equal("GET, HEAD, PUT", answer.header("Allow"))
            answer = get(CLASSED .. "/changes")
            assert_error(answer, 405, "method_not_allowed")
            assert.equal("DELETE", answer.header("Allow"))
        end)

        it("refuses who has no access, before it tells or changes anything", function()
            for _, answer in ipairs({ get(CLASSED, { "Via: x" }), put(CLASSED, '{"concurrency":2}', { "Via: x" }), delete(CLASSED .. "/changes", { "Via: x" }) }) do
                assert_error(answer, 403, "forbidden")
            end
            assert.is_false(json_of(get(CLASSED)).changed)
        end)

        it("logs and counts every change", function()
            local before = counted("PUT", "200")
            local lines = logged(function()
                put(CLASSED, '{"concurrency":20}')
                put(CLASSED, '{"concurrency":0}')
                delete(CLASSED .. "/changes")
                put("/queues/cluster/queue", '{"concurrency":20}')
                get(CLASSED)
            end)
            assert.equal(2, #lines)
            assert.same({ level = ngx.NOTICE, text = 'admin: 127.0.0.1 changed the queue of upstream "classed": concurrency 20' }, lines[1])
            assert.same({ level = ngx.NOTICE, text = 'admin: 127.0.0.1 took back the changes of the queue of upstream "classed"' }, lines[2])
            assert.equal(before + 1, counted("PUT", "200"))
        end)
    end)

    describe("without a token", function()
        local function refused(headers, path)
            local answer = get(path or ROOT, headers)
            local message = assert_error(answer, 403, "forbidden")
            assert.equal("nosniff", answer.header("X-Content-Type-Options"))
            return message
        end

        it("lets clients on this machine in, by every name of it", function()
            for _, host in ipairs({ "localhost", "LocalHost:80", "127.0.0.1", "127.0.0.1:18170", "127.8.9.1", "[::1]", "[::1]:18170", "[0:0::1]:1", "localhost:" }) do
                json_of(get(ROOT, { "Host: " .. host }))
            end
        end)

        it("lets clients on a unix socket in", function()
            local sock = ngx.socket.tcp()
            assert(sock:connect("unix:" .. ngx.config.prefix() .. "admin.sock"))
            assert(sock:send(bytes("GET", ROOT)))
            assert.truthy(sock:receive("*a"):find("^HTTP/1.1 200"))
            sock:close()
        end)

        it("judges the connection, not what the realip module makes of it", function()
            json_of(get(ROOT, { "X-Spec-Client: 192.0.2.1" }))
        end)

        it("refuses requests that somebody passed on", function()
            for _, header in ipairs({ "Forwarded: for=192.0.2.1", "X-Forwarded-For: 127.0.0.1", "x-forwarded-for:", "X-Real-IP: 127.0.0.1", "Via: 1.1 proxy", "VIA:" }) do
                refused({ header })
            end
            assert.truthy(refused({ "Via: 1.1 x" }):find("Via", 1, true))
            local answer = http.raw("PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n" .. bytes("GET", ROOT), PROXIED)
            assert_error(answer, 403, "forbidden")
        end)

        it("refuses what a web page asks for", function()
            refused({ "Origin: http://localhost:18170" })
            refused({ "Origin: null" })
            for _, host in ipairs({
                "gateway", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "localhost.", "127.1", "0x7f.0.0.1", "2130706433", "0.0.0.0", "[::]", "10.0.0.1", "[::2]",
                "localhost:80:80", "localhost@evil", "a.localhost", "localhost_",
            }) do
                local answer = get(ROOT, { "Host: " .. host })
                -- nginx itself refuses some.
                if answer.status ~= 400 then assert_error(answer, 403, "forbidden") end
            end
        end)

        it("heeds a host in the request line, and wants one at all", function()
            local function raw(line, ...) return http.raw(table.concat({ line, "Connection: close", ... }, "\r\n") .. "\r\n\r\n", OPEN) end
            json_of(raw("GET http://localhost" .. ROOT .. " HTTP/1.1", "Host: localhost"))
            assert_error(raw("GET http://evil.example" .. ROOT .. " HTTP/1.1", "Host: localhost"), 403, "forbidden")
            assert_error(raw("GET http://localhost" .. ROOT .. " HTTP/1.1", "Host: evil.example"), 403, "forbidden")
            assert_error(raw("GET " .. ROOT .. " HTTP/1.0"), 403, "forbidden")
        end)

        it("refuses before it tells or changes anything", function()
            for _, path in ipairs({ ROOT .. "/unknown", NODE, ROOT .. "/" }) do refused({ "Origin: x" }, path) end
            assert_error(put(NODE, '{"weight":2}', { "Via: x" }), 403, "forbidden")
            assert_error(delete(NODE, { "Via: x" }), 403, "forbidden")
            assert_error(call("OPTIONS", NODE, nil, { "Origin: x", "Access-Control-Request-Method: PUT" }), 403, "forbidden")
            assert.is_false(json_of(get(NODE)).changed)
        end)
    end)

    describe("with a token", function()
        local function with(authorization, at, headers)
            local lines = { "Authorization: " .. authorization }
            for _, line in ipairs(headers or {}) do lines[#lines + 1] = line end
            return get(at or ROOT, lines, GUARDED)
        end

        it("lets whoever shows it in, from wherever", function()
            for _, scheme in ipairs({ "Bearer ", "bearer ", "BEARER   " }) do json_of(with(scheme .. admins.TOKEN)) end
            json_of(with("Bearer " .. admins.TOKEN, ROOT, { "Via: 1.1 x", "X-Forwarded-For: 192.0.2.1", "Host: nodes.example", "Origin: http://x" }))
        end)

        it("lets nobody else in, not even from this machine", function()
            local token = admins.TOKEN
            for _, authorization in ipairs({
                "", "Bearer", "Bearer ", "Bearer x", "Bearer " .. token .. "x", "Bearer " .. token:sub(1, -2), "Bearer " .. token:upper(), "Bearer x" .. token, "Bearer " .. token .. " x",
                "Bearer " .. token .. "," .. token, token, "Basic " .. token, "Basic " .. ngx.encode_base64("admin:" .. token), "Bearer\t" .. token, "Bearer " .. ("x"):rep(5000),
                "Bearer " .. require("resty.openclaw.core.bytes.digest").new("sha256"):of(token),
            }) do
                local answer = with(authorization)
                local message = assert_error(answer, 401, "unauthorized")
                assert.equal("Bearer", answer.header("WWW-Authenticate"))
                assert.is_nil(message:find(token, 1, true))
            end
            assert_error(get(ROOT, nil, GUARDED), 401, "unauthorized")
            assert_error(with("Bearer wrong", ROOT .. "/unknown"), 401, "unauthorized")
            assert_error(put(NODE, '{"weight":2}', nil, GUARDED), 401, "unauthorized")
            assert.is_false(json_of(get(NODE)).changed)
        end)

        it("lets nobody in when it cannot be compared, and counts that", function()
            stub(admins.guarded.token.digest, "of").returns(nil, "no OpenSSL")
            local lines
            local ok, err = pcall(function()
                lines = logged(function() assert_error(with("Bearer " .. admins.TOKEN), 401, "unauthorized") end)
            end)
            rawset(admins.guarded.token.digest, "of", nil)
            assert(ok, err)
            assert.equal(1, #lines)
            assert.is_nil(lines[1].text:find(admins.TOKEN, 1, true))
            json_of(with("Bearer " .. admins.TOKEN))
        end)

        it("does not keep it", function()
            local seen = {}
            local function search(value)
                if type(value) == "string" then assert.is_nil(value:find(admins.TOKEN, 1, true)) end
                if type(value) ~= "table" or seen[value] then return end
                seen[value] = true
                for key, inner in pairs(value) do search(key) search(inner) end
            end
            search(admins.guarded)
        end)
    end)

    it("logs every change once, at notice level, and nothing else", function()
        local lines = logged(function()
            put(NODE, '{"weight":2,"drain":true}')
            put(NODE, '{"drain":false}')
            put(NEW, "{}")
            delete(NEW)
            delete(NODE .. "/changes")
            get(ROOT)
            put(NODE, '{"weight":0}')
            delete(NEW)
            get(ROOT, { "Via: x" })
            get(ROOT, nil, GUARDED)
        end)
        local texts = {}
        for index, line in ipairs(lines) do
            assert.equal(ngx.NOTICE, line.level)
            texts[index] = line.text
        end
        assert.same({
            'admin: 127.0.0.1 changed node 127.0.0.1:18161 of upstream "cluster": weight 2, drain',
            'admin: 127.0.0.1 changed node 127.0.0.1:18161 of upstream "cluster": no drain',
            'admin: 127.0.0.1 added node 10.0.1.10:8000 of upstream "cluster"',
            'admin: 127.0.0.1 removed node 10.0.1.10:8000 of upstream "cluster"',
            'admin: 127.0.0.1 took back the changes of node 127.0.0.1:18161 of upstream "cluster"',
        }, texts)
    end)

    it("counts requests by method and status", function()
        local cases = {
            { "GET", "200", function() get(ROOT) end },
            { "HEAD", "200", function() call("HEAD", ROOT) end },
            { "PUT", "201", function() put(NEW, "{}") end },
            { "PUT", "400", function() put(NODE, "x") end },
            { "PUT", "413", function() put(NODE, ("x"):rep(5000)) end },
            { "DELETE", "200", function() delete(NEW) end },
            { "DELETE", "404", function() delete(NEW) end },
            { "GET", "403", function() get(ROOT, { "Via: x" }) end },
            { "GET", "401", function() get(ROOT, nil, GUARDED) end },
            { "other", "405", function() call("BREW_", ROOT) end },
        }
        for _, case in ipairs(cases) do
            local method, status, act = unpack(case)
            local before = counted(method, status)
            act()
            assert.equal(before + 1, counted(method, status), method .. " " .. status)
        end
    end)

    describe("in the gateway", function()
        it("answers at its address, whatever hooks and locations the server has", function()
            assert.truthy(json_of(get(ROOT, nil, GATEWAY)).upstreams.gateway_nodes)
            assert.equal(403, get("/other", nil, GATEWAY).status)
            assert_error(get(ROOT, { "Origin: x" }, GATEWAY), 403, "forbidden")
            assert_error(put(ROOT .. "/gateway_nodes/nodes/10.0.0.1:1", (" "):rep(4097), nil, GATEWAY), 413, "body_too_large")
            assert_error(put(ROOT .. "/gateway_nodes/nodes/10.0.0.1:1", '{"weight":0}', nil, GATEWAY), 400, "bad_change")
        end)

        it("tells when it was never set up", function()
            assert_error(get("/unset"), 500, "not_set_up")
        end)

        it("hands its options on", function()
            local function refusal(options) return select(2, pcall(setup.build, { admin = options })) end
            assert.equal('setup: admin: unknown option "upstreams"; known are prefix, limits_prefix, cache_prefix, token, token_file, dict', refusal({ upstreams = {} }))
            assert.equal('setup: admin: unknown option "tocken"; did you mean "token"?', refusal({ tocken = "x" }))
            assert.equal('setup: admin must be a table, got a string', refusal(admins.TOKEN))
            local built = setup.build({ admin = { token = admins.TOKEN, prefix = "/x" } })
            assert.is_table(built.admin.token)
            assert.equal("/x", built.admin.prefix)
            assert.is_nil(setup.build({}).admin.token)
        end)
    end)

    describe("new refuses", function()
        local function sentence(options)
            if type(options) == "table" and options.upstreams == nil then options.upstreams = {} end
            local ok, err = pcall(admin.new, options)
            assert.is_false(ok)
            return err
        end

        local function file(content, mode)
            local path = os.tmpname()
            local handle = assert(io.open(path, "w"))
            handle:write(content)
            handle:close()
            assert(execute("chmod " .. (mode or "600") .. " " .. path))
            finally(function() os.remove(path) end)
            return path
        end

        it("what are no upstreams", function()
            assert.equal('admin.upstreams must be a table, got nothing', select(2, pcall(admin.new, {})))
            assert.equal('admin.upstreams must be a table, got 1', sentence({ upstreams = 1 }))
            assert.equal('admin.upstreams must be a table whose keys are names, got a list', sentence({ upstreams = { {} } }))
            assert.equal('admin.upstreams.x must be an upstream, such as a balancer, got 1', sentence({ upstreams = { x = 1 } }))
            assert.equal('admin.upstreams.x must be an upstream, such as a balancer: it has no method change', sentence({ upstreams = { x = { report = print, forget_changes = print } } }))
        end)

        it("unknown options, and what is no table, which may be a token", function()
            assert.equal('admin: unknown option "tokens"; did you mean "token"?', sentence({ tokens = "x" }))
            assert.equal("admin must be a table, got a string", sentence(admins.TOKEN))
            assert.equal("admin must be a table, got nothing", sentence(nil))
        end)

        it("a prefix that is none", function()
            for _, prefix in ipairs({ "x", "/", "/x/", "/a b", "/%41", "/x?y", "" }) do
                assert.truthy(sentence({ prefix = prefix }):find('^admin.prefix must be '))
            end
        end)

        it("a token that is none, without saying it", function()
            assert.equal('admin.token must hold 16 to 4096 bytes, got 15', sentence({ token = ("s"):rep(15) }))
            assert.equal('admin.token must hold 16 to 4096 bytes, got 4097', sentence({ token = ("s"):rep(4097) }))
            assert.equal('admin.token must be a string, got a number', sentence({ token = 12345678901234567890 }))
            for _, token in ipairs({ ("secret "):rep(5), ("secret\n"):rep(5), ("secret\0"):rep(5), ("secret\255"):rep(5) }) do
                assert.equal('admin.token must hold printable ASCII without blanks only', sentence({ token = token }))
            end
            assert.equal('admin.token must hold 16 to 4096 bytes, got 0', sentence({ token = "" }))
            assert.equal('admin: "token" and "token_file" cannot both be given', sentence({ token = admins.TOKEN, token_file = "/x" }))
            assert.is_table(admin.new({ upstreams = {}, token = ("s"):rep(16) }).token)
        end)

        it("a file with a token that all users may read, or that holds none", function()
            local path = file(admins.TOKEN, "604")
            assert.equal('admin.token_file: ' .. path .. " may be read by all users; chmod it to 600", sentence({ token_file = path }))
            assert.equal('admin.token_file must hold 16 to 4096 bytes, got 5', sentence({ token_file = file(" short\n\n") }))
            assert.equal('admin.token_file must hold 16 to 4096 bytes, got 0', sentence({ token_file = file("") }))
            assert.equal('admin.token_file must hold 16 to 4096 bytes, got 4097', sentence({ token_file = file(("x"):rep(100000)) }))
            assert.equal('admin.token_file must hold printable ASCII without blanks only', sentence({ token_file = file("one token\nand another") }))
            assert.equal('admin.token_file: cannot read /nonexistent/token: cannot open: No such file or directory', sentence({ token_file = "/nonexistent/token" }))
            assert.equal('admin.token_file must be an absolute path, beginning with "/"', sentence({ token_file = admins.TOKEN }))
            assert.equal('admin.token_file must be an absolute path, beginning with "/"', sentence({ token_file = 1 }))
            assert.truthy(sentence({ token_file = ngx.config.prefix() }):find("Is a directory", 1, true))
        end)

        it("no file that only its owner and group may read", function()
            for _, mode in ipairs({ "600", "640" }) do
                local made = admin.new({ upstreams = {}, token_file = file("\n " .. admins.TOKEN .. " \r\n", mode) })
                assert.equal(admins.guarded.token.expected, made.token.expected)
            end
        end)
    end)
end)
