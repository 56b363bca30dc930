local balancer = require("resty.openclaw.balancer")
local edge = require("resty.openclaw.edge")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local on_disk = require("spec.support.disk")
local setup = require("resty.openclaw.gateway.builder")
local health_state = require("resty.openclaw.balancer.health_check.health_state")

local names = 0

--- A name that nobody else has.
local function new_name()
    names = names + 1
    return "edge spec " .. names
end

local function given(changes)
    local options = { route = new_name(), dict = new_name(), store = "/nowhere/jobs", through = "http://127.0.0.1:9" }
    for name, value in pairs(changes or {}) do options[name] = value end
    return options
end

local function new_balancer(options)
    options.name = new_name()
    return balancer.new(options)
end

local function check(its_balancer, address, verdict)
    health_state.note(its_balancer.membership.by_address[address].checks, verdict, 1, 1)
end

describe("the options of edge", function()
    local function refuses(sentence, changes, left_out)
        local options = given(changes)
        if left_out then options[left_out] = nil end
        local ok, err = pcall(edge.new, options)
        assert.is_false(ok)
        assert.equal(sentence, err)
    end

    it("have defaults", function()
        local made = edge.new(given())
        assert.equal(3, made.link.fall)
        assert.equal(2, made.link.rise)
        assert.equal(1, made.link.probe_seconds)
        assert.is_nil(made.link.is_cut)
    end)

    it("are refused when they are wrong", function()
        refuses('edge.route must be a non-empty string, got nothing', {}, "route")
        refuses('edge.fall must be a whole number from 1 up, got 0', { fall = 0 })
        refuses('edge.rise must be a whole number from 1 up, got 1.5', { rise = 1.5 })
        refuses('edge.probe_seconds must be a number above 0, got 0', { probe_seconds = 0 })
        refuses('edge.upstream must be an upstream, such as a balancer, got a string', { upstream = "centre" })
        refuses('edge.upstream must be an upstream, such as a balancer: it has no method has_nodes\nedge.upstream must be an upstream, such as a balancer: it has no method is_cut', { upstream = {} })
        refuses('edge.upstream must be an upstream, such as a balancer: it has no method is_cut', { upstream = { has_nodes = print } })
        local ok, err = pcall(edge.new, given({ probe_second = 1 }))
        assert.is_false(ok)
        assert.equal('edge: unknown option "probe_second"; did you mean "probe_seconds"?', err)
        assert.is_false((pcall(edge.new, nil)))
    end)

    it("are those of jobs, too", function()
        refuses('edge.max_jobs must be a whole number from 1 up, got 0', { max_jobs = 0 })
        refuses('edge.store must be the path of a folder from the root, got "jobs"', { store = "jobs" })
    end)

    it("are a route's, but for what is known of the route", function()
        local function refuses_route(sentence, options)
            local ok, err = pcall(setup.build, { routes = { [new_name()] = { edge = options } } })
            assert.is_false(ok)
            assert.truthy(err:find(sentence, 1, true), err)
        end
        refuses_route('.edge must be a table, got true', true)
        refuses_route('.edge: unknown option "route"; did you mean "rate"?', { route = "x" })
        refuses_route('.edge: unknown option "upstream"; known are store, through,', { upstream = {} })
        refuses_route('.edge.through must be "http://127.0.0.1:PORT" or "http://unix:/PATH", where this gateway listens, got nothing', { store = "/nowhere/jobs" })
    end)

    it("refuse a store that another route has", function()
        local options = { store = "/nowhere/jobs", through = "http://127.0.0.1:9" }
        local ok, err = pcall(setup.build, { routes = { [new_name()] = { edge = options }, [new_name()] = { edge = options } } })
        assert.is_false(ok)
        assert.matches('edge.store must be a folder that no other route has, got "/nowhere/jobs"', err, 1, true)
    end)

    it("refuse an identity that deliveries cannot have", function()
        local key = os.tmpname()
        on_disk.shell("printf %%032d 0 > %s && chmod 600 %s", key, key)
        local function build(route, who)
            return pcall(setup.build, { routes = { [route] = { edge = { store = "/nowhere/jobs", through = "http://127.0.0.1:9" }, identity = who } } })
        end
        for _, way in ipairs({ "signed", "mutual_tls" }) do
            local key_files = way == "signed" and { key } or nil
            local route = new_name()
            local ok, err = build(route, { accept = way, key_files = key_files })
            assert.is_false(ok)
            local sentence = 'setup: routes[%q].edge cannot be used with identity.accept = "%s" unless identity.required = false: '
                .. "a kept request is delivered without its client's identity, so each delivery would be refused with 401"
            assert.equal(sentence:format(route, way), err)
            assert.is_true(build(new_name(), { accept = way, key_files = key_files, required = false }))
        end
        os.remove(key)
    end)

    it("refuse credentials in addresses, which the store would keep", function()
        local keys = os.tmpname()
        on_disk.shell("printf 'camera %%064d\\n' 0 > %s && chmod 600 %s", keys, keys)
        local route = new_name()
        local ok, err = pcall(setup.build, { routes = { [route] = {
            edge = { store = "/nowhere/jobs", through = "http://127.0.0.1:9" },
            auth = { api_key = { file = keys, from = { "header", "query:key" } } },
        } } })
        os.remove(keys)
        assert.is_false(ok)
        assert.equal(('setup: routes[%q].auth.api_key.from cannot have "query:key" beside edge: the store would keep the credentials in the addresses of requests'):format(route), err)
    end)

    it("name the upstream whose health checks are believed", function()
        local upstream = new_name()
        local route = new_name()
        local built = setup.build({
            upstreams = { [upstream] = { nodes = { "127.0.0.1:3" } } },
            routes = {
                [route] = { upstream = upstream, edge = { store = "/nowhere/jobs", through = "http://127.0.0.1:9" } },
                [new_name()] = {},
            },
        })
        local edges = setup.instances_of(built, "edge")
        assert.equal(1, #edges)
        assert.equal(edges[1], built.routes[route].instances.edge)
        assert.equal(built.balancers[upstream], edges[1].upstream)
        assert.is_false(edges[1].link.is_cut())
        check(built.balancers[upstream], "127.0.0.1:3", "fail")
        assert.is_true(edges[1].link.is_cut())
    end)
end)

describe("an upstream", function()
    it("is cut off when checks find all nodes down that may get requests", function()
        local upstream = new_balancer({ nodes = { "127.0.0.1:3", "127.0.0.1:4", { "127.0.0.1:5", drain = true } } })
        assert.is_false(upstream:is_cut())
        check(upstream, "127.0.0.1:3", "fail")
        assert.is_false(upstream:is_cut())
        check(upstream, "127.0.0.1:4", "fail")
        assert.is_true(upstream:is_cut())
        assert.is_true(upstream:has_nodes())
        check(upstream, "127.0.0.1:3", "pass")
        assert.is_false(upstream:is_cut())
    end)

    it("is cut off when there is no node that may get requests", function()
        local upstream = new_balancer({ nodes = { { "127.0.0.1:3", drain = true } } })
        assert.is_true(upstream:is_cut())
        assert.is_false(upstream:has_nodes())
    end)

    it("is not cut off while its fallback is there", function()
        local fallback = new_balancer({ nodes = { "127.0.0.1:4" } })
        local upstream = new_balancer({ nodes = { { "127.0.0.1:3", drain = true } }, fallback = fallback })
        assert.is_false(upstream:is_cut())
        assert.is_true(upstream:has_nodes())
        check(fallback, "127.0.0.1:4", "fail")
        assert.is_true(upstream:is_cut())
        assert.is_true(upstream:has_nodes())
    end)

    it("follows changes of its nodes at once", function()
        local upstream = new_balancer({ nodes = { "127.0.0.1:3" } })
        assert.is_true(upstream:has_nodes())
        assert(upstream:change("127.0.0.1:3", { drain = true }))
        assert.is_false(upstream:has_nodes())
        assert.is_true(upstream:is_cut())
        assert(upstream:forget_changes("127.0.0.1:3"))
        assert.is_true(upstream:has_nodes())
    end)
end)

describe("the figures of edge", function()
    it("are those of each route once", function()
        local dict = new_name()
        for _, route in ipairs({ "a", "b" }) do edge.new(given({ route = route, dict = dict })) end
        local shown = {}
        for _, collector in ipairs(metric_registry.open(dict).collectors) do
            collector.collect(function(labels) shown[collector.name .. labels] = (shown[collector.name .. labels] or 0) + 1 end)
        end
        assert.equal(1, shown['openclaw_edge_link_up{route="a"}'])
        assert.equal(1, shown['openclaw_edge_link_up{route="b"}'])
        assert.equal(1, shown['openclaw_edge_oldest_seconds{route="b"}'])
    end)
end)
