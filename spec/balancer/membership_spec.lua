local choice = require("resty.openclaw.balancer.choice")
local clock = require("resty.openclaw.core.time.clock")
local faults = require("resty.openclaw.core.metrics.fault")
local membership_of = require("resty.openclaw.balancer.membership")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local nodes_option = require("resty.openclaw.balancer.nodes_option")
local policies = require("spec.support.policies")
local read_option = require("spec.support.read_option")

local registry = metric_registry.open("openclaw")
local trouble = faults.new("balancer", registry)
local names = 0

--- An upstream's name that no other spec has used: changes outlive those who made them.
local function new_name()
    names = names + 1
    return "spec_membership_" .. names
end

local function new_membership(nodes, name, discovery)
    local entries = read_option(nodes_option.NODES, nodes, "spec.nodes")
    local membership = membership_of.new(registry, name or new_name(), entries, false, trouble)
    membership.discovery = discovery
    return membership
end

local function addresses(peers)
    local found = {}
    for place, peer in ipairs(peers) do found[place] = peer.node.address end
    return found
end

local function change(membership, address, value)
    local ok, err = membership_of.change(membership, address, function() return value end)
    assert.is_true(ok, err)
end

local function dict() return registry.region.names end

describe("balancer.membership", function()
    it("has the configured nodes in their order, with weight and drain as configured", function()
        local membership = new_membership({ "10.7.0.3:80", { "10.7.0.1:80", weight = 2.5 }, { "10.7.0.2:80", drain = true } })
        local peers = membership_of.peers(membership)
        assert.same({ "10.7.0.3:80", "10.7.0.1:80", "10.7.0.2:80" }, addresses(peers))
        assert.same({ 1, 2.5, 1 }, { peers[1].weight, peers[2].weight, peers[3].weight })
        assert.same({ false, false, true }, { peers[1].is_draining, peers[2].is_draining, peers[3].is_draining })
        for _, peer in ipairs(peers) do assert.equal(peer, membership.by_address[peer.node.address]) end
    end)

    it("has changed before its list was first made, and after each change", function()
        local membership = new_membership({ "10.7.0.1:80" })
        for _ = 1, 3 do
            assert.is_true(membership_of.has_changed(membership))
            membership_of.peers(membership)
            assert.is_false(membership_of.has_changed(membership))
            membership_of.announce(membership)
        end
        membership_of.peers(membership)
        change(membership, "10.7.0.1:80", { weight = 2 })
        assert.is_true(membership_of.has_changed(membership))
    end)

    it("tells every worker of a change", function()
        local name = new_name()
        local here, there = new_membership({ "10.7.0.1:80" }, name), new_membership({ "10.7.0.1:80" }, name)
        membership_of.peers(here)
        membership_of.peers(there)
        change(here, "10.7.0.1:80", { weight = 7 })
        assert.is_true(membership_of.has_changed(there))
        assert.equal(7, membership_of.peers(there)[1].weight)
        assert.is_false(membership_of.has_changed(there))
        assert.is_true(membership_of.has_changed(here))
    end)

    it("keeps the object of a peer that stays, and all that was learned of it", function()
        local membership = new_membership({ "10.7.0.1:80", "10.7.0.2:80" })
        local pool = choice.new(policies.xed(), 0)
        local before = membership_of.peers(membership)
        choice.set_peers(pool, before)
        local first, learned = before[1], before[1].learned
        change(membership, "10.7.0.2:80", { removed = true })
        change(membership, "10.7.0.0:80", { added = true })
        change(membership, "10.7.0.1:80", { weight = 3, drain = true })
        local after = membership_of.peers(membership)
        choice.set_peers(pool, after)
        assert.equal(first, after[1])
        assert.equal(learned, after[1].learned)
        assert.same({ 3, true }, { first.weight, first.is_draining })
        assert.same({ "10.7.0.1:80", "10.7.0.0:80" }, addresses(after))
        assert.is_nil(membership.by_address["10.7.0.2:80"])
    end)

    it("adds nodes behind the configured ones, by address", function()
        local membership = new_membership({ "10.7.0.9:80" })
        change(membership, "10.7.0.8:80", { added = true, weight = 4 })
        change(membership, "[::7]:80", { added = true })
        change(membership, "10.7.0.3:80", { added = true, drain = true })
        local peers = membership_of.peers(membership)
        assert.same({ "10.7.0.9:80", "10.7.0.3:80", "10.7.0.8:80", "[::7]:80" }, addresses(peers))
        assert.same({ 1, 1, 4, 1 }, { peers[1].weight, peers[2].weight, peers[3].weight, peers[4].weight })
        assert.is_true(peers[2].is_draining)
        assert.same({ "::7", 80 }, { peers[4].node.host:gsub("[%[%]]", ""), peers[4].node.port })
    end)

    it("removes a node, and has it again in its place when that is taken back", function()
        local membership = new_membership({ "10.7.0.1:80", "10.7.0.2:80", "10.7.0.3:80" })
        change(membership, "10.7.0.2:80", { removed = true })
        assert.same({ "10.7.0.1:80", "10.7.0.3:80" }, addresses(membership_of.peers(membership)))
        change(membership, "10.7.0.2:80", nil)
        assert.same({ "10.7.0.1:80", "10.7.0.2:80", "10.7.0.3:80" }, addresses(membership_of.peers(membership)))
        assert.same({}, membership_of.changes(membership))
    end)

    it("goes back to what is configured when a change is taken back", function()
        local membership = new_membership({ { "10.7.0.1:80", weight = 2, drain = true } })
        change(membership, "10.7.0.1:80", { weight = 9, drain = false })
        local peer = membership_of.peers(membership)[1]
        assert.same({ 9, false }, { peer.weight, peer.is_draining })
        change(membership, "10.7.0.1:80", nil)
        assert.equal(peer, membership_of.peers(membership)[1])
        assert.same({ 2, true }, { peer.weight, peer.is_draining })
    end)

    it("has a node once, though it was added and stands in the configuration", function()
        local membership = new_membership({ { "10.7.0.1:80", weight = 2 } })
        change(membership, "10.7.0.1:80", { added = true })
        local peers = membership_of.peers(membership)
        assert.same({ "10.7.0.1:80" }, addresses(peers))
        assert.equal(2, peers[1].weight)
    end)

    it("hands a change the one before, and keeps those of other nodes", function()
        local membership = new_membership({ "10.7.0.1:80", "10.7.0.2:80" })
        change(membership, "10.7.0.1:80", { weight = 2 })
        change(membership, "10.7.0.2:80", { drain = true })
        local seen
        membership_of.change(membership, "10.7.0.1:80", function(before)
            seen = before
            return { weight = before.weight + 1 }
        end)
        assert.equal(2, seen.weight)
        local changes = membership_of.changes(membership)
        assert.equal(3, changes["10.7.0.1:80"].weight)
        assert.is_true(changes["10.7.0.2:80"].drain)
    end)

    it("keeps the changes of upstreams apart", function()
        local one, other = new_membership({ "10.7.0.1:80" }), new_membership({ "10.7.0.1:80" })
        change(one, "10.7.0.1:80", { weight = 5 })
        assert.equal(5, membership_of.peers(one)[1].weight)
        assert.equal(1, membership_of.peers(other)[1].weight)
        assert.equal(one.by_address["10.7.0.1:80"].node, other.by_address["10.7.0.1:80"].node)
    end)

    it("bears changes that are no JSON, or are of no node", function()
        local name = new_name()
        local membership = new_membership({ "10.7.0.1:80" }, name)
        for _, text in ipairs({ "", "{", '{"nonsense":{"added":true}}', '{"10.7.0.1:80":{}}' }) do
            dict():set("changes:" .. name, text)
            assert.same({ "10.7.0.1:80" }, addresses(membership_of.peers(membership)), text)
        end
    end)

    it("waits for another worker's change, and not for ever", function()
        local name = new_name()
        local membership = new_membership({ "10.7.0.1:80" }, name)
        dict():add("changing:" .. name, "1 ", 0.05) -- that of a process that lives
        change(membership, "10.7.0.1:80", { weight = 2 })
        assert.equal(2, membership_of.changes(membership)["10.7.0.1:80"].weight)
        local sleep, now, slept = ngx.sleep, clock.now, 0
        finally(function()
            ngx.sleep, clock.now = sleep, now
            dict():delete("changing:" .. name)
        end)
        ngx.sleep = function(seconds) slept = slept + seconds end
        clock.now = function() return now() + slept end
        dict():add("changing:" .. name, "1 ", 60)
        local ok, err = membership_of.change(membership, "10.7.0.1:80", function() return { weight = 3 } end)
        assert.same({ false, "another change is in progress; try again" }, { ok, err })
        assert.is_true(slept > 4.9 and slept < 5.1)
        assert.equal(2, membership_of.changes(membership)["10.7.0.1:80"].weight)
    end)

    it("does not wait for a worker that was killed in the middle of its change", function()
        local name = new_name()
        local membership = new_membership({ "10.7.0.1:80" }, name)
        -- No process has this number.
        dict():add("changing:" .. name, "4194304 1", 60)
        change(membership, "10.7.0.1:80", { weight = 2 })
        assert.equal(2, membership_of.changes(membership)["10.7.0.1:80"].weight)
        assert.is_nil(dict():get("changing:" .. name))
    end)

    it("loses none of the changes that are made at one moment", function()
        local nodes, threads = {}, {}
        for place = 1, 20 do nodes[place] = "10.7.1." .. place .. ":80" end
        local membership = new_membership(nodes)
        for place, address in ipairs(nodes) do
            threads[place] = ngx.thread.spawn(change, membership, address, { weight = place + 1 })
        end
        for _, thread in ipairs(threads) do assert.is_true(ngx.thread.wait(thread)) end
        for place, peer in ipairs(membership_of.peers(membership)) do assert.equal(place + 1, peer.weight) end
    end)

    describe("with names", function()
        local function discovery_of(found)
            return { tick = function() end, addresses = function(_, name) return found[name] end }
        end

        --- Entries as `nodes_option` makes them of names.
        local function named(found, entries)
            local membership = membership_of.new(registry, new_name(), entries, false, trouble)
            membership.discovery = discovery_of(found)
            return membership
        end

        local function name(text, weight)
            return { text = text, is_name = true, host = "", port = 80, weight = weight or 1, is_draining = false }
        end

        local function resolved(host, weight, target)
            return { address = host .. ":80", host = host, port = 80, weight = weight or 1, target = target or "gpu.test" }
        end

        it("has what the DNS says of them in their place, weights multiplied", function()
            local found = { gpu = { resolved("10.7.2.1"), resolved("10.7.2.2", 3) } }
            local membership = named(found, { name("unknown"), name("gpu", 2) })
            local peers = membership_of.peers(membership)
            assert.same({ "10.7.2.1:80", "10.7.2.2:80" }, addresses(peers))
            assert.same({ 2, 6 }, { peers[1].weight, peers[2].weight })
        end)

        it("knows the host whose address a node is, without the dot at its end, and none of an address", function()
            local found = { gpu = { resolved("10.7.2.1", 1, "gpu.test."), resolved("10.7.2.2", 1, "other.test") } }
            local membership = named(found, { name("gpu") })
            local peers = membership_of.peers(membership)
            assert.same({ "gpu.test", "other.test" }, { peers[1].server_name, peers[2].server_name })
            found.gpu[2] = resolved("10.7.2.2", 1, "new.test")
            assert.equal("new.test", membership_of.peers(membership)[2].server_name)
            assert.is_nil(membership_of.peers(new_membership({ "10.7.2.1:80" }))[1].server_name)
        end)

        it("keeps the peers that a new answer still has", function()
            local found = { gpu = { resolved("10.7.2.1"), resolved("10.7.2.2") } }
            local membership = named(found, { name("gpu") })
            local before = membership_of.peers(membership)
            found.gpu = { resolved("10.7.2.3"), resolved("10.7.2.2") }
            local after = membership_of.peers(membership)
            assert.same({ "10.7.2.3:80", "10.7.2.2:80" }, addresses(after))
            assert.equal(before[2], after[2])
        end)

        it("has an address once that several names have", function()
            local found = { one = { resolved("10.7.2.1") }, other = { resolved("10.7.2.1"), resolved("10.7.2.4") } }
            local membership = named(found, { name("one"), name("other") })
            assert.same({ "10.7.2.1:80", "10.7.2.4:80" }, addresses(membership_of.peers(membership)))
        end)

        it("changes and removes addresses of names too", function()
            local found = { gpu = { resolved("10.7.2.1"), resolved("10.7.2.2") } }
            local membership = named(found, { name("gpu") })
            change(membership, "10.7.2.1:80", { removed = true })
            change(membership, "10.7.2.2:80", { drain = true })
            local peers = membership_of.peers(membership)
            assert.same({ "10.7.2.2:80" }, addresses(peers))
            assert.is_true(peers[1].is_draining)
        end)

        it("keeps the newest changes of nodes that are gone, and all of those that are there", function()
            local found = {}
            local membership = named(found, { name("pods"), { text = "10.7.3.0:80", host = "10.7.3.0", port = 80, weight = 1 } })
            change(membership, "10.7.3.0:80", { weight = 3 })
            change(membership, "10.7.9.9:80", { added = true, weight = 4 })
            for number = 1, 150 do
                local host = "10.7.3." .. number
                found.pods = { resolved(host) }
                change(membership, host .. ":80", { drain = true })
            end
            local changes, count = membership_of.changes(membership), 0
            for _ in pairs(changes) do count = count + 1 end
            -- The one that is there, the one that was added, the one in the configuration, and 100 others.
            assert.equal(103, count)
            assert.equal(3, changes["10.7.3.0:80"].weight)
            assert.equal(4, changes["10.7.9.9:80"].weight)
            assert.is_true(changes["10.7.3.150:80"].drain)
        end)
    end)
end)
