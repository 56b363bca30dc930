--- Nodes that come and go: what is named by their addresses goes with them.
local admin_of = require("resty.openclaw.balancer")
local current_try = require("resty.openclaw.balancer.current_try")
local clock = require("resty.openclaw.core.time.clock")
local figures = require("resty.openclaw.balancer.try_figures")
local held_rows = require("resty.openclaw.core.memory.shared_memory.held_rows")
local idle_series = require("resty.openclaw.core.metrics.metric_registry.idle_series")
local faults = require("resty.openclaw.core.metrics.fault")
local membership_of = require("resty.openclaw.balancer.membership")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local node_of = require("resty.openclaw.balancer.node")
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

--- How many come and go; CHURN_ADDRESSES=100000 asks for more, and takes a minute and a half.
local ADDRESSES = tonumber(os.getenv("CHURN_ADDRESSES")) or 16000
--- Those of two such lists have fewer than 2,000 series of a family.
local AT_ONCE = 160

local registry = metric_registry.open("pods")
local region = registry.region
local now = math.ceil(clock.now()) + 1

local function always() return true end

local function after(seconds)
    now = now + seconds
    idle_series.sweep_held(registry, now, always)
    idle_series.sweep(registry, now, always)
end

--- All that was dropped goes, and all that goes is free again.
local function free_all()
    after(1)
    after(held_rows.UNHELD_SECONDS)
    after(rows.REST_SECONDS)
end

--- The memberships of two upstreams that have the same name of nodes, which stands for `addresses`.
local function new_memberships(upstreams)
    local found = { addresses = {} }
    function found.addresses_of() return found.addresses end
    local memberships = {}
    for place, upstream in ipairs(upstreams) do
        local entries = { { text = "pods", is_name = true, weight = 1, is_draining = false } }
        memberships[place] = membership_of.new(registry, upstream, entries, false, faults.new("balancer", registry))
        memberships[place].discovery = { addresses = found.addresses_of }
    end
    return memberships, found
end

local function entries(first, count)
    local list = {}
    for number = first, first + count - 1 do
        local host = string.format("10.%d.%d.%d", number / 65536 % 256, number / 256 % 256, number % 256)
        table.insert(list, { address = host .. ":80", host = host, port = 80, weight = 1, target = "pods.test." })
    end
    return list
end

local function release_retired(memberships)
    for _, membership in ipairs(memberships) do membership_of.release_retired(membership) end
    node_of.release_retired(registry)
end

local function slots()
    local nodes_used, series_used = shared_memory.usage(region, rows.TRANSIENT), shared_memory.usage(region)
    return { nodes_used, series_used }
end

local function size(all)
    local count = 0
    for _ in pairs(all) do count = count + 1 end
    return count
end

--- All series of the registry that have this text in their names.
local function series_with(text)
    local count = 0
    for _, key in ipairs(ngx.shared.pods:get_keys(0)) do
        if key:find("slot:", 1, true) == 1 and key:find(text, 1, true) then count = count + 1 end
    end
    return count
end

describe("nodes that come and go", function()
    it("leave nothing behind: " .. ADDRESSES .. " addresses in one run", function()
        local memberships, found = new_memberships({ "rolling" })
        local keys, free, used, heap
        for batch = 0, ADDRESSES / AT_ONCE - 1 do
            found.addresses = entries(batch * AT_ONCE, AT_ONCE)
            for _, membership in ipairs(memberships) do
                local peers = membership_of.peers(membership)
                assert.equal(AT_ONCE, #peers)
                for _, peer in ipairs(peers) do
                    node_of.start(peer.node, now)
                    assert.equal(1, node_of.in_flight(peer.node))
                    node_of.finish(peer.node, "ok")
                    figures.count(peer.figures, "200", 0.1)
                    peer.figures.sent:inc()
                end
            end
            -- There was one request at each node, none of another one that had this memory before.
            local node = memberships[1].by_address[found.addresses[1].address].node
            assert.equal(1, node_of.answered(node))
            release_retired(memberships)
            free_all()
            if batch == 20 then
                collectgarbage()
                collectgarbage()
                keys, used, heap = #ngx.shared.pods:get_keys(0), slots(), collectgarbage("count")
                free = ngx.shared.pods:free_space()
            end
        end
        collectgarbage()
        collectgarbage()
        assert.same(used, slots())
        assert.equal(keys, #ngx.shared.pods:get_keys(0))
        -- Names of one size fill whole pages, more or less of them.
        assert.is_true(math.abs(free - ngx.shared.pods:free_space()) < 200 * 1024)
        assert.is_true(collectgarbage("count") < heap + 500, collectgarbage("count") - heap)
        assert.equal(AT_ONCE, size(node_of.all(registry)))
        assert.equal(0, series_with("_other"))
        -- When the last have gone as well there is no address left.
        found.addresses = {}
        for _, membership in ipairs(memberships) do membership_of.peers(membership) end
        release_retired(memberships)
        free_all()
        assert.equal(0, size(node_of.all(registry)))
        assert.equal(0, series_with(":80"))
    end)

    it("may be as many as 4,500 at a time", function()
        local memberships, found = new_memberships({ "large" })
        for round = 0, 1 do
            found.addresses = entries(round * 4500, 4500)
            assert.equal(4500, #membership_of.peers(memberships[1]))
            found.addresses = {}
            membership_of.peers(memberships[1])
            release_retired(memberships)
            free_all()
        end
        assert.is_false(memberships[1].is_incomplete)
    end)

    it("keep their memory while a request is there", function()
        local memberships, found = new_memberships({ "busy one" })
        found.addresses = entries(1, 1)
        local peer = membership_of.peers(memberships[1])[1]
        peer.upstream = { policy = {}, signal = "total", budget = {} }
        current_try.begin({}, peer, now)
        found.addresses = {}
        membership_of.peers(memberships[1])
        for _ = 1, 3 do
            release_retired(memberships)
            free_all()
        end
        assert.equal(1, node_of.in_flight(peer.node))
        assert.equal(peer.node, node_of.all(registry)[peer.node.address])
        -- It comes back at once, and goes again.
        found.addresses = entries(1, 1)
        assert.equal(peer, membership_of.peers(memberships[1])[1])
        found.addresses = {}
        membership_of.peers(memberships[1])
        node_of.finish(peer.node, "ok")
        peer.requests = peer.requests - 1
        release_retired(memberships)
        free_all()
        assert.is_nil(node_of.all(registry)[peer.node.address])
        assert.equal(0, series_with(peer.node.address))
    end)

    it("stay for the upstream that still has them", function()
        local memberships, found = new_memberships({ "one", "other" })
        found.addresses = entries(1, 1)
        local gone, stays = membership_of.peers(memberships[1])[1], membership_of.peers(memberships[2])[1]
        assert.equal(gone.node, stays.node)
        found.addresses = {}
        membership_of.peers(memberships[1])
        release_retired(memberships)
        free_all()
        assert.is_true(held_rows.is_current(region, stays.row))
        assert.is_true(node_of.is_current(stays.node))
        assert.is_false(held_rows.is_current(region, gone.row))
        assert.equal(0, series_with('upstream="one",node="10.0.0.1:80"'))
        assert.is_true(series_with('upstream="other",node="10.0.0.1:80"') > 0)
        assert.is_true(series_with('{node="10.0.0.1:80"') > 0)
        membership_of.peers(memberships[2])
        release_retired(memberships)
        free_all()
        assert.equal(0, series_with("10.0.0.1:80"))
    end)

    it("do so by an operator's hand as well", function()
        local balancer = admin_of.new({ name = "by hand", nodes = { "127.0.0.1:1" }, dict = "pods" })
        local used
        for round = 1, 5000 do
            local address = entries(round, 1)[1].address
            assert(balancer:change(address, {}))
            balancer:report()
            assert(balancer:change(address, { remove = true }))
            assert.equal(1, #balancer:report())
            if round % 500 == 0 then
                release_retired({ balancer.membership })
                free_all()
                used = used or slots()
                assert.same(used, slots())
            end
        end
    end)

    it("count nothing where their memory has become another's", function()
        local memberships, found = new_memberships({ "lost" })
        found.addresses = entries(7, 1)
        local peer = membership_of.peers(memberships[1])[1]
        peer.upstream = { policy = {}, signal = "total", budget = {} }
        local state = {}
        current_try.begin(state, peer, now)
        -- As if this worker had no block: nobody sees that it holds the node.
        region.mine[peer.row.slot], region.mine[peer.node.row.slot] = 0, 0
        free_all()
        assert.is_false(node_of.is_current(peer.node))
        local other = membership_of.peers(memberships[1])[1]
        assert.not_equal(peer, other)
        assert.is_true(node_of.is_current(other.node))
        current_try.settle_last(state)
        assert.equal(0, node_of.in_flight(other.node))
        found.addresses = {}
        membership_of.peers(memberships[1])
    end)
end)
