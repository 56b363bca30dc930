local cjson = require("cjson")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local peer_of = require("resty.openclaw.balancer.peer")
local eventually = require("spec.support.eventually")
local gateways = require("spec.support.gateways")
local http = require("spec.support.http")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local node_of = require("resty.openclaw.balancer.node")
local nodes = require("spec.support.nodes")
local reader = require("spec.support.exposition")
local setup = require("resty.openclaw.gateway.builder")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local slow_log = require("resty.openclaw.slow_log")

local PORT = 18150
local NODES = { "127.0.0.1:18151", "127.0.0.1:18152" }
local PNG = "\137PNG\r\n\26\n\0\0\0\13IHDR\0\0\2\128\0\0\1\224\8\2"

local known_nodes = node_of.all(metric_registry.open("openclaw"))

local function get(path)
    return http.get_from(PORT, path)
end

local function post(path, body)
    return http.post_to(PORT, path, body)
end

local function figures()
    return (reader.parse(get("/metrics").body))
end

--- How far figures have grown since `before`, once `wanted` has.
local function growth(before, wanted)
    local grown
    eventually(function() -- the log phase comes after the client has its answer
        grown = {}
        for series, value in pairs(figures()) do
            local change = tonumber(value) - tonumber(before[series] or 0)
            if change ~= 0 then grown[series] = change end
        end
        return grown[wanted]
    end, wanted)
    return grown
end

local function requests(route, status)
    return ('openclaw_requests_total{route="%s",variant="",status="%s"}'):format(route, status)
end

local function records(count)
    return eventually(function() return #gateways.records >= count and gateways.records end, count .. " records")
end

local markers = 0

--- Sends one more request, and waits for its record: those of all others have come then, and are returned.
local function settled()
    get("/marker")
    markers = markers + 1
    eventually(function() return gateways.markers == markers end, "the last record")
    return gateways.records
end

local function in_flight()
    local sum = 0
    for _, address in ipairs({ NODES[1], NODES[2], "127.0.0.1:3" }) do
        sum = sum + node_of.in_flight(known_nodes[address])
    end
    return sum
end

local function assert_error(answer, status, code)
    assert.equal(status, answer.status)
    assert.equal("application/json", answer.header("Content-Type"))
    assert.equal(code, cjson.decode(answer.body).error.code)
end

--- An empty folder.
local function spool_folder()
    local folder = ngx.config.prefix() .. "openclaw_spec_" .. require("resty.openclaw.edge.store.id").new()
    assert(require("resty.openclaw.core.files.files").make_folder(folder) == nil)
    return folder
end

describe("setup", function()
    local function refuses(sentence, options)
        local ok, err = pcall(setup.build, options)
        assert.is_false(ok)
        assert.equal(sentence, err)
    end

    local function refuses_route(sentence, options)
        refuses("setup: routes.r." .. sentence, { routes = { r = options } })
    end

    it("takes an empty table", function()
        local gateway = setup.build({})
        assert.is_nil(next(gateway.routes))
        assert.is_nil(next(gateway.balancers))
        assert.same({}, gateway.logs)
    end)

    it("refuses what is no table, and unknown options", function()
        refuses("setup: must be a table, got nothing", nil)
        refuses('setup: must be a table, got a string', "routes")
        refuses('setup: unknown option "route"; did you mean "routes"?', { route = {} })
        refuses("setup: unknown option 1; known are upstreams, routes, log, metrics, admin, cache, status, plugins", { {} })
        refuses('setup: upstreams must be a table, got true', { upstreams = true })
        refuses('setup: routes must be a table, got a string', { routes = "analyze" })
        refuses('setup: log must be a table, got false', { log = false })
        refuses("setup: metrics must be a table, got false", { metrics = false })
        refuses('setup: metrics: unknown option "dicts"; did you mean "dict"?', { metrics = { dicts = 1 } })
    end)

    it("wants a name for each upstream and each route", function()
        refuses('setup: upstreams must be a table whose keys are names, got a list', { upstreams = { { nodes = {} } } })
        refuses('setup: routes must be a table whose keys are names, got a list', { routes = { "analyze" } })
        refuses('setup: routes must be a table whose keys are names, got ""', { routes = { [""] = {} } })
        refuses('setup: routes must be a table whose keys are names, got an empty table', { routes = { [{}] = {} } })
        refuses('setup: routes must be a table whose keys are names, got true', { routes = { [true] = {} } })
    end)

    it("takes upstreams in any order, each with its fallback, and no circle of them", function()
        local built = setup.build({
            upstreams = {
                a = { nodes = { "127.0.0.1:3" }, fallback = "b" },
                b = { nodes = { "127.0.0.1:4" }, fallback = "c" },
                c = { nodes = { "127.0.0.1:5" } },
            },
        })
        assert.equal(built.balancers.b, built.balancers.a.fallback)
        assert.equal(built.balancers.c, built.balancers.b.fallback)
        refuses('setup: upstreams.a.fallback must be the name of one of upstreams, got "z"',
            { upstreams = { a = { nodes = { "127.0.0.1:3" }, fallback = "z" } } })
        refuses('setup: upstreams.a.fallback forms a cycle through a',
            { upstreams = { a = { nodes = { "127.0.0.1:3" }, fallback = "a" } } })
        refuses('setup: upstreams.a.fallback forms a cycle through b', {
            upstreams = {
                -- Leads into it, and is no part of it.
                A = { nodes = { "127.0.0.1:2" }, fallback = "b" },
                a = { nodes = { "127.0.0.1:3" }, fallback = "b" },
                b = { nodes = { "127.0.0.1:4" }, fallback = "a" },
            },
        })
        refuses('setup: upstreams.a.fallback forms a cycle through c, b', {
            upstreams = {
                a = { nodes = { "127.0.0.1:3" }, fallback = "c" },
                b = { nodes = { "127.0.0.1:4" }, fallback = "a" },
                c = { nodes = { "127.0.0.1:5" }, fallback = "b" },
            },
        })
        -- What is wrong with a fallback is told once, whoever has it.
        refuses('setup: upstreams.b.tries must be a whole number from 1 up, got 0', {
            upstreams = {
                a = { nodes = { "127.0.0.1:3" }, fallback = "b" },
                b = { nodes = { "127.0.0.1:4" }, tries = 0 },
                c = { nodes = { "127.0.0.1:5" }, fallback = "b" },
            },
        })
    end)

    it("says where a POST is allowed to go on", function()
        refuses([[setup: routes.r.retry_post is said in nginx.conf: include nginx/retry_post.conf in the route's location]],
            { routes = { r = { retry_post = true } } })
    end)

    it("names the upstream in which an option is wrong", function()
        refuses("setup: upstreams.u must be a table, got a string", { upstreams = { u = "10.0.0.1:80" } })
        refuses('setup: upstreams.u: unknown option "node"; did you mean "nodes"?',
            { upstreams = { u = { node = {}, nodes = { "127.0.0.1:3" } } } })
        refuses('setup: upstreams.u: unknown option "name"; known are nodes, policy, buckets, hash_on, load_factor, signal, host, tries, busy_statuses, failure_statuses, retry_share, panic_share, fallback, queue, health_check, dns', { upstreams = { u = { name = "v", nodes = { "127.0.0.1:3" } } } })
        refuses("setup: upstreams.u.nodes must be a list with at least one entry, got nothing", { upstreams = { u = {} } })
        refuses('setup: upstreams.u.nodes[1] must be an IP address and port, "unix:/path", a name and port, or an SRV name, got "a name"', {
            upstreams = { u = { nodes = { "a name" } } },
        })
        refuses('setup: upstreams.u.nodes[1] must be an address without a scheme: write "10.0.1.10:8000"', {
            upstreams = { u = { nodes = { "http://10.0.1.10:8000" } } },
        })
        refuses('setup: upstreams.u.nodes[1] has no port: write "name:8000", with the port of the node', {
            upstreams = { u = { nodes = { "name" } } },
        })
    end)

    it("names the route in which an option is wrong", function()
        refuses("setup: routes.r must be a table, got true; write {} for the defaults", { routes = { r = true } })
        refuses('setup: routes.r: unknown option "body_digests"; did you mean "body_digest"?', { routes = { r = { body_digests = {} } } })
        refuses('setup: routes.r: unknown option "results"; known are upstream, edge, deadline, auth, class, limit, bandwidth, identity, checks, image, body_digest, cache, inference, metrics, record, slow_log, plugins', { routes = { r = { results = 1 } } })
        refuses_route('upstream must be the name of one of upstreams, got "nowhere"; setup has no upstreams', { upstream = "nowhere" })
        refuses_route('upstream must be a non-empty string, got 5', { upstream = 5 })
        refuses_route('upstream must be a non-empty string, got a table', { upstream = { nodes = {} } })
        refuses_route('checks must be a table, got true; write {} for the defaults', { checks = true })
        refuses_route('body_digest must be a table, got a string', { body_digest = "md5" })
        refuses_route('metrics must be true or false, got 1', { metrics = 1 })
        refuses_route('record must be true or false, got an empty table', { record = {} })
        refuses_route('body_digest.algorithm must be one of md5, sha256, got "md4"; did you mean "md5"?', { body_digest = { algorithm = "md4" } })
        refuses_route('body_digest.max_bytes must be a whole number from 1 up, got "ten"', { body_digest = { max_bytes = "ten" } })
    end)

    it("says where an option belongs that is in another table", function()
        local NODES_OPTION = { "127.0.0.1:3" }
        refuses('setup: upstreams.u: unknown option "limit"; it belongs into a route', { upstreams = { u = { nodes = NODES_OPTION, limit = {} } } })
        refuses('setup: routes.r: unknown option "queue"; it belongs into an upstream', { routes = { r = { queue = {} } } })
        refuses('setup: unknown option "bandwidth"; it belongs into a route\nsetup: unknown option "limit"; it belongs into a route\n'
            .. 'setup: unknown option "queue"; it belongs into an upstream', { limit = {}, bandwidth = {}, queue = {} })
        refuses('setup: routes.r: unknown option "queue"; it belongs into an upstream\nsetup: routes.r.metrics must be true or false, got 1',
            { routes = { r = { queue = {}, metrics = 1 } } })
    end)

    it("knows which options of a route need others", function()
        refuses_route('limit[1].by = "key" needs auth.api_key in the route', { limit = { { by = "key", rate = 1 } } })
        setup.build({ routes = { r = { limit = { { by = "key", rate = 1 } }, plugins = { { access = print } } } } })
        refuses_route('limit[2].name must be another name than that of routes.r.limit[1], got "client"', { limit = { { rate = 1 }, { rate = 2 } } })
        refuses_route('limit[2].redis must be as routes.r.limit[1].redis, because the limits of a route are counted together, or left out, got a table', {
            limit = { { rate = 1, store = "redis", redis = {} }, { name = "b", rate = 1, store = "redis", redis = { port = 1 } } },
        })
    end)

    it("has routes look for the variables that options name", function()
        local gateway = setup.build({
            upstreams = { hashing = { nodes = { "127.0.0.1:3" }, policy = "consistent_hash", hash_on = "$my_user" } },
            routes = { r = { upstream = "hashing", class = "$my_class", limit = { { rate = 1 }, { by = "$my_tenant", rate = 1 } } }, s = {} },
        })
        assert.same({
            { option = "class", variable = "my_class" }, { option = "limit[2].by", variable = "my_tenant" },
            { option = "upstream.hash_on", variable = "my_user" },
        }, gateway.routes.r.requirements.readings)
        assert.same({}, gateway.routes.s.requirements.readings)
    end)

    it("tells all that is wrong at once, a sentence a line", function()
        refuses(table.concat({
            'setup: routes.a: unknown option "deadlines"; did you mean "deadline"?',
            'setup: routes.a.body_digest.algorithm must be one of md5, sha256, got "md4"; did you mean "md5"?',
            "setup: routes.a.body_digest.max_bytes must be a whole number from 1 up, got 0",
            "setup: routes.b.metrics must be true or false, got 1",
        }, "\n"), {
            routes = {
                b = { metrics = 1 },
                a = { deadlines = {}, body_digest = { max_bytes = 0, algorithm = "md4" } },
            },
        })
        refuses(table.concat({
            'setup: unknown option "route"; did you mean "routes"?',
            "setup: admin.prefix must be a path of plain letters without a slash at its end, got 5",
            "setup: upstreams.u.tries must be a whole number from 1 up, got 0",
            "setup: routes.a.metrics must be true or false, got 1",
        }, "\n"), {
            route = {}, admin = { prefix = 5 }, upstreams = { u = { nodes = { "10.0.0.1:80" }, tries = 0 } }, routes = { a = { metrics = 1 } },
        })
        refuses(table.concat({
            "setup: routes.a.deadline.seconds must be at most most_seconds (1), got 2",
            "setup: routes.b.deadline.seconds must be at most most_seconds (3), got 4",
        }, "\n"), {
            routes = { a = { deadline = { seconds = 2, most_seconds = 1 } }, b = { deadline = { seconds = 4, most_seconds = 3 } } },
        })
    end)

    it("takes options of the slow log beside sinks, and without any", function()
        local function refuses_log(sentence, options) refuses(sentence, { log = options }) end
        refuses_log('setup: log.slow_seconds must be a number above 0, got 0', { slow_seconds = 0 })
        refuses_log('setup: log.slow_lines_per_minute must be a whole number from 1 up, got 1.5', { slow_lines_per_minute = 1.5 })
        refuses_log('setup: log: unknown option "slow_second"; did you mean "slow_seconds"?', { slow_second = 1 })
        refuses_log('setup: log.sinks must be a list with at least one entry, got nothing', { slow_seconds = 1, batch_seconds = 1 })
        refuses_route('slow_log must be false or a table, got true', { slow_log = true })
        refuses('setup: routes.r.slow_log.seconds must be a number above 0, got "5"', { routes = { r = { slow_log = { seconds = "5" } } } })
        refuses('setup: routes.r.slow_log: unknown option "second"; did you mean "seconds"?', { routes = { r = { slow_log = { second = 5 } } } })
        local built = setup.build({ log = { slow_seconds = 3 }, routes = { r = {} } })
        assert.same({}, built.logs)
        local logs = require("resty.openclaw.gateway.logs")
        local slow = logs.slow_options(logs.read({ slow_seconds = 3 }, {}))
        assert.same({ seconds = 3, lines_per_minute = 600 }, slow)
    end)

    it("has a slow log in every route that does not say otherwise", function()
        local real, made = slow_log.create, {}
        slow_log.create = function(options, context)
            made[#made + 1] = options
            return real(options, context)
        end
        setup.build({
            log = { slow_seconds = 3, slow_lines_per_minute = 10 },
            routes = { without = { slow_log = false }, other = { slow_log = { seconds = 60 } } },
        })
        slow_log.create = real
        assert.same({ { seconds = 60, lines_per_minute = 10, dict = "openclaw" } }, made)
    end)

    it("refuses plugins that are none", function()
        refuses_route('plugins must be a list with at least one entry, got true', { plugins = true })
        refuses_route('plugins must be a list of tables, such as { { … } }, got one table without the outer braces', { plugins = { access = print } })
        refuses_route('plugins[1] must be a table, got a string', { plugins = { "access" } })
        refuses_route('plugins[2] must be a table, got nothing', { plugins = { { log = print }, nil, { log = print } } })
        refuses_route('plugins[1] must be a table with a method of access, admitted, before_balance, balance, header_filter, body_filter, log, got a table', {
            plugins = { { new = print } },
        })
        refuses_route('plugins[2].access must be a function, got true', {
            plugins = { { log = print }, { access = true } },
        })
    end)

    it("refuses sinks that are none", function()
        local function refuses_log(sentence, options) refuses(sentence, { log = options }) end
        local file = { type = "file", name = "spec_setup", path = "/nonexistent/log" }
        refuses_log('setup: log.sinks must be a list with at least one entry, got nothing', {})
        refuses_log("setup: log.sinks must be a list: write sinks = { { … } }", { sinks = file })
        refuses_log('setup: log.sinks must be a list with at least one entry, got an empty table', { sinks = {} })
        refuses_log('setup: log.sinks must be a list with at least one entry, got a string', { sinks = "http://u:secret@h/" })
        refuses_log('setup: log.sinks[1] must be a table, got a string', { sinks = { "/nonexistent/log" } })
        refuses_log('setup: log.sinks[1] must be a table, got nothing', { sinks = { nil, file } })
        refuses_log('setup: log: unknown option "sink"; did you mean "sinks"?', { sink = file, sinks = { file } })
        refuses_log('setup: log: unknown option "batch_second"; did you mean "batch_seconds"?', { sinks = { file }, batch_second = 1 })
        refuses_log('setup: log.sinks[1].type must be one of file, http, redis_stream, syslog, tcp, tls, udp, unix, got nothing', { sinks = { {} } })
        refuses_log('setup: log.dead_letter must be an absolute path, beginning with "/", got "x"', { sinks = { file }, dead_letter = "x" })
        local own = { type = "file", name = "spec_own", path = "/nonexistent/log", dead_letter = "y" }
        refuses_log('setup: log.sinks[1].dead_letter must be an absolute path, beginning with "/", got "y"', { sinks = { own }, dead_letter = "/x" })
        refuses_log('setup: log.sinks[2]: give it another "name": another sink is already named "spec_setup"', { sinks = { file, file } })
    end)

    it("tells all that is wrong with sinks, by the paths of what was written", function()
        local file = { type = "file", path = "/nonexistent/log" }
        refuses(table.concat({
            "setup: log.sinks[2].url must be a non-empty string, got nothing",
            "setup: log.sinks[3].port must be a whole number from 1 to 65535, got 0",
            "setup: log.batch_seconds must be a number above 0, got 0",
            "setup: routes.r.metrics must be true or false, got 1",
        }, "\n"), {
            log = { sinks = { file, { type = "http" }, { type = "tcp", host = "h", port = 0 } }, batch_seconds = 0 },
            routes = { r = { metrics = 1 } },
        })
        refuses('setup: log.batch_entries must be a whole number from 1 to 10, got 11', { log = { sinks = { file, file }, max_entries = 10, batch_entries = 11 } })
        refuses('setup: log.spool must be an absolute path, beginning with "/", got nothing', { log = { sinks = { file }, durable = true } })
        refuses('setup: log.sinks[1].name must be a name without "/" and no "." in front, as it names a folder, got ".x"', {
            log = { sinks = { { type = "file", path = "/nonexistent/log", name = ".x" } }, durable = true, spool = "/nonexistent" },
        })
        refuses('setup: log.sinks[1].ssl_server_name must be the name in the certificate, as the host is an address, got nothing', {
            log = { sinks = { { type = "tls", host = "10.0.0.1", port = 1 } } },
        })
    end)

    it("wants a name of a sink of a type that is there already", function()
        local unnamed = { type = "http", url = "http://127.0.0.1:1/" }
        refuses('setup: log.sinks[2]: give it a "name": another sink is already named "http"', { log = { sinks = { unnamed, unnamed }, dict = "spec_unnamed" } })
    end)

    it("says where an option of a sink belongs when it stands beside it, and the other way round", function()
        local mixed = { type = "http", url = "http://127.0.0.1:1/", batch_seconds = 1, slow_seconds = 1 }
        refuses(table.concat({
            'setup: log.sinks[1]: unknown option "batch_seconds"; it stands beside sinks, in log',
            'setup: log.sinks[1]: unknown option "slow_seconds"; it stands beside sinks, in log',
        }, "\n"), { log = { sinks = { mixed } } })
        refuses('setup: log: unknown option "url"; it belongs into a sink', {
            log = { sinks = { { type = "udp", host = "h", port = 1, max_bytes = 100 } }, url = "http://u:secret@h/", max_bytes = 1000 },
        })
    end)

    it("is for init_by_lua, and once", function()
        assert.equal("setup: was already called; put everything in one table", gateways.second_setup)
        local ok, err = pcall(gateways.empty.setup, {})
        assert.is_false(ok)
        assert.equal("setup: must be called in init_by_lua, not in the phase timer", err)
    end)
end)

describe("openclaw", function()
    before_each(function()
        settled()
        nodes.reset()
        gateways.reset()
        for _, address in ipairs({ NODES[1], NODES[2] }) do
            local registry = metric_registry.open("openclaw")
            outlier_detection.reset(assert(peer_of.new(registry, "gateway_nodes", known_nodes[address], false)).record)
        end
    end)

    it("has a version", function()
        assert.truthy(gateways.gateway.VERSION:find("^%d+%.%d+%.%d+$"))
    end)

    describe("access", function()
        it("checks the image first, then makes the digest", function()
            local digests = "openclaw_body_digest_bodies_total"
            local before = figures()
            assert_error(post("/photograph", "no image"), 415, "unsupported_media_type")
            local answer = post("/photograph", PNG)
            assert.equal(200, answer.status)
            assert.equal(ngx.md5(PNG), answer.header("X-Digest"))
            local grown = growth(before, requests("photograph", "2xx"))
            assert.equal(1, grown[digests])
            assert.equal(1, grown['openclaw_checks_refused_total{route="photograph",reason="unsupported_media_type"}'])
        end)

        it("answers 404 where there is no such route", function()
            for _, path in ipairs({ "/unknown-route", "/no-route" }) do
                assert_error(get(path), 404, "unknown_route")
            end
            assert.same({}, settled())
        end)
    end)

    describe("balance", function()
        it("takes the upstream of the route", function()
            local before = figures()
            for _ = 1, 2 do assert.equal(200, get("/plain").status) end
            local grown = growth(before, requests("plain", "2xx"))
            for _, address in ipairs(NODES) do
                assert.equal(1, grown[('openclaw_upstream_tries_total{upstream="gateway_nodes",node="%s"}'):format(address)])
            end
        end)

        it("takes the upstream that it is told", function()
            local answer = get("/named")
            assert.equal(200, answer.status)
            assert.truthy(answer.header("X-OpenClaw-Node"):find("^127%.0%.0%.1:1815[12]$"))
        end)

        it("answers 500 and counts a fault where there is no such upstream", function()
            local before = figures()
            assert_error(get("/unknown-upstream"), 500, "internal_error")
            assert_error(get("/no-upstream"), 500, "internal_error")
            local grown = growth(before, requests("nowhere", "5xx"))
            assert.equal(2, grown['openclaw_faults_total{plugin="gateway",kind="unknown_upstream"}'])
        end)
    end)

    it("sends a request to a node, counts and records it", function()
        local before = figures()
        local answer = get("/plain")
        local node = answer.header("X-OpenClaw-Node")
        assert.equal("answer of " .. node:sub(-5) .. "\n", answer.body)
        local record = records(1)[1]
        assert.equal("plain", record.route)
        assert.equal(node, record.node)
        assert.equal(200, record.status)
        local grown = growth(before, requests("plain", "2xx"))
        assert.equal(1, grown[requests("plain", "2xx")])
        assert.equal(1, grown['openclaw_upstream_duration_seconds_count{route="plain",variant=""}'])
        assert.equal(0, in_flight())
    end)

    it("answers from the cache what was posted before", function()
        local image = PNG .. ngx.now()
        local first, second, other = post("/cached", image), post("/cached", image), post("/cached", image .. "other")
        assert.equal("MISS", first.header("X-Cache-Status"))
        assert.equal("HIT", second.header("X-Cache-Status"))
        assert.equal("MISS", other.header("X-Cache-Status"))
        assert.equal(first.body, second.body)
        assert.is_nil(second.header("X-OpenClaw-Node"))
        local by_status = {} -- in any order: a connection lingers after a POST
        for _, record in ipairs(records(3)) do
            by_status[record.cache] = by_status[record.cache] or {}
            table.insert(by_status[record.cache], record.node)
        end
        assert.equal(2, #by_status.MISS)
        assert.same({ cjson.null }, by_status.HIT)
        assert.equal(2, nodes.count(18151) + nodes.count(18152))
    end)

    it("settles, counts and records once what ends on an error page", function()
        local before = figures()
        assert_error(get("/dead"), 502, "bad_gateway")
        local recorded = settled()
        assert.equal(1, #recorded)
        assert.equal("dead", recorded[1].route)
        assert.equal(502, recorded[1].status)
        assert.equal("127.0.0.1:3", recorded[1].node)
        local grown = growth(before, requests("dead", "5xx"))
        assert.equal(1, grown[requests("dead", "5xx")])
        assert.equal(1, grown['openclaw_node_answers_total{node="127.0.0.1:3",outcome="failed"}'])
        assert.equal(0, in_flight())
    end)

    it("settles a request without a route, and does nothing else for it", function()
        local before = figures()
        local node = get("/outside").body:match("%d+")
        local answers = ('openclaw_node_answers_total{node="127.0.0.1:%s",outcome="ok"}'):format(node)
        local grown = growth(before, answers)
        assert.equal(1, grown[answers])
        for series in pairs(grown) do assert.is_nil(series:find("openclaw_requests_total", 1, true), series) end
        assert.same({}, settled())
        assert.equal(0, in_flight())
    end)

    describe("a route's own plugins", function()
        it("take part in every phase, in their order, and hear the route's name", function()
            assert.equal("own", get("/own").body)
            records(1)
            local by_phase = {}
            for _, seen in ipairs(gateways.seen) do
                local phase, name = seen:match("^(%S+) (%S+) own$")
                local names = by_phase[phase] or {}
                if names[#names] ~= "seventh" or phase ~= "body_filter" then names[#names + 1] = name end
                by_phase[phase] = names
            end
            -- nginx filters a body in pieces: what follows the first round is more of them.
            assert.same({
                access = { "first", "second", "third", "fourth", "fifth", "sixth" },
                header_filter = { "first", "second", "third", "sixth", "seventh" },
                body_filter = { "first", "second", "third", "sixth", "seventh" },
                log = { "first", "second", "third", "fifth", "sixth" },
            }, by_phase)
        end)

        it("cost neither figures nor record when they raise", function()
            local before = figures()
            assert.equal(200, get("/raising").status)
            assert.equal("raising", records(1)[1].route)
            assert.equal(1, growth(before, requests("raising", "2xx"))[requests("raising", "2xx")])
        end)
    end)

    it("leaves out figures or records where the route says so", function()
        local before = figures()
        assert.equal("ok", get("/uncounted").body)
        assert.equal("ok", get("/unrecorded").body)
        local recorded = settled()
        assert.equal(1, #recorded)
        assert.equal("uncounted", recorded[1].route)
        local grown = growth(before, requests("unrecorded", "2xx"))
        for series in pairs(grown) do assert.is_nil(series:find("uncounted", 1, true), series) end
    end)

    describe("metrics_page", function()
        it("shows all figures", function()
            local answer = get("/metrics")
            assert.equal(200, answer.status)
            assert.truthy(answer.header("Content-Type"):find("^text/plain; version=0%.0%.4"))
            local types = select(2, reader.parse(answer.body))
            assert.equal("counter", types.openclaw_requests_total)
            assert.equal("gauge", types.openclaw_node_in_flight)
        end)

        it("needs no upstream and no route", function()
            assert.equal(200, get("/bare/metrics").status)
        end)
    end)

    it("tells when it was never set up, and raises nowhere", function()
        assert_error(get("/empty/metrics"), 500, "not_set_up")
        assert_error(get("/empty/access"), 500, "not_set_up")
        assert_error(get("/empty/balance"), 500, "internal_error")
        assert.equal("ok", get("/empty/log").body)
        local log = stub(ngx, "log")
        gateways.empty.init_worker()
        gateways.empty.exit_worker()
        log:revert()
        assert.stub(log).was.called(1)
        assert.truthy(log.calls[1].vals[2]:find("setup was never called", 1, true))
    end)

    it("starts nothing in a process that serves no requests, such as OpenResty's privileged agent", function()
        local process = require("ngx.process")
        for _, kind in ipairs({ "privileged agent", "helper" }) do
            local folder, name = spool_folder(), "agent " .. kind
            local standing_alone = {
                require("resty.openclaw.balancer").new({ name = name, nodes = { "127.0.0.1:9" } }),
                require("resty.openclaw.post_action").new({
                    name = name, durable = true, spool = folder, sink = { type = "file", path = "/nonexistent/log" },
                }),
                require("resty.openclaw.status").new({ upstreams = {} }),
                require("resty.openclaw.edge").new({ route = name, store = folder .. "/jobs", through = "http://127.0.0.1:9" }),
            }
            local its_type = stub(process, "type").returns(kind)
            local every, at = stub(ngx.timer, "every").returns(true), stub(ngx.timer, "at").returns(true)
            local ok, err = pcall(function()
                gateways.whole.init_worker()
                for _, plugin in ipairs(standing_alone) do plugin:init_worker() end
            end)
            for _, replaced in ipairs({ its_type, every, at }) do replaced:revert() end
            assert(ok, err)
            assert.stub(every).was_not.called()
            assert.stub(at).was_not.called()
            assert.same({}, require("resty.openclaw.core.files.files").names(folder))
        end
    end)

    it("starts and ends what a worker does in the background", function()
        local every = stub(ngx.timer, "every").returns(true)
        gateways.whole.init_worker()
        every:revert()
        -- The log watches whether the worker exits, the status takes samples; the balancers learn in one timer, which another
        -- gateway may have begun.
        assert.is_true(#every.calls == 2 or #every.calls == 3, #every.calls .. " timers")
        local release = stub(shared_memory, "release")
        gateways.whole.exit_worker()
        gateways.bare.exit_worker()
        release:revert()
        -- By each gateway, and by the balancer of one.
        assert.stub(release).was.called(3)
    end)
end)
