local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local math_huge = math.huge
local table_sort = table.sort
local addresses = require("resty.openclaw.core.http.address")
local addresses_parse = addresses.parse
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local left_out = require("resty.openclaw.balancer.left_out")
local left_out_reason = left_out.reason
local left_out_seconds = left_out.seconds
local membership_of = require("resty.openclaw.balancer.membership")
local membership_of_change = membership_of.change
local membership_of_changes = membership_of.changes
local membership_of_listed = membership_of.listed
local nodes = require("resty.openclaw.balancer.node")
local nodes_in_flight = nodes.in_flight
local peer_of = require("resty.openclaw.balancer.peer")
local peer_of_state = peer_of.state
--- What is known of each node now. Phases: any.
local function report(upstream)
    local ____upstream_0 = upstream
    local policy = ____upstream_0.policy
    local pool = ____upstream_0.pool
    local membership = ____upstream_0.membership
    local now = clock_now()
    local changes = membership_of_changes(membership)
    local reports = {}
    for ____, peer in ipairs(pool.peers) do
        local ____peer_node_address_5 = peer.node.address
        local ____peer_of_state_result_6 = peer_of_state(peer, now)
        local ____left_out_reason_result_7 = left_out_reason(peer, now)
        local ____left_out_seconds_result_8 = left_out_seconds(peer, now)
        local ____peer_weight_9 = peer.weight
        local ____peer_is_draining_10 = peer.is_draining
        local ____nodes_in_flight_result_11 = nodes_in_flight(peer.node)
        local ____temp_12 = policy:weight(peer, pool.peers)
        local ____this_2
        ____this_2 = policy
        local ____opt_1 = ____this_2.service_seconds
        local ____temp_13 = ____opt_1 and ____opt_1(____this_2, peer)
        local ____this_4
        ____this_4 = policy
        local ____opt_3 = ____this_4.concurrent_requests
        reports[#reports + 1] = {
            address = ____peer_node_address_5,
            state = ____peer_of_state_result_6,
            reason = ____left_out_reason_result_7,
            seconds_left = ____left_out_seconds_result_8,
            weight = ____peer_weight_9,
            drain = ____peer_is_draining_10,
            in_flight = ____nodes_in_flight_result_11,
            effective_weight = ____temp_12,
            service_seconds = ____temp_13,
            concurrency = ____opt_3 and ____opt_3(____this_4, peer),
            changed = changes[peer.node.address] ~= nil
        }
    end
    return reports
end
____exports.report = report
--- The addresses of nodes that an operator removed, sorted. Phases: any.
local function removed(membership)
    local found = {}
    for address, its_change in pairs(membership_of_changes(membership)) do
        if its_change.removed == true then
            found[#found + 1] = address
        end
    end
    table_sort(found)
    return found
end
____exports.removed = removed
--- Whether the configuration or the DNS has the node.
local function is_listed(membership, address)
    for ____, node in ipairs(membership_of_listed(membership)) do
        if node.address == address then
            return true
        end
    end
    return false
end
--- The change after a patch; nothing if no change is left.
local function changed(before, patch, is_known)
    if patch.remove == true then
        return is_known and ({removed = true}) or nil
    end
    local after = {}
    if not is_known then
        after.added = true
    end
    local weight = patch.weight or before.weight
    local ____patch_drain_14 = patch.drain
    if ____patch_drain_14 == nil then
        ____patch_drain_14 = before.drain
    end
    local drain = ____patch_drain_14
    if weight ~= nil then
        after.weight = weight
    end
    if drain ~= nil then
        after.drain = drain
    end
    return after
end
--- Changes a node's weight, drains it, adds it if it is not in the list, or removes it. All workers apply the change at once. Phases:
-- those that may yield. On failure false and why.
local function change(membership, text, patch)
    local address = addresses_parse(text)
    if address == nil then
        return false, "no IP address and port"
    end
    if patch.weight ~= nil and not (patch.weight > 0 and patch.weight < math_huge) then
        return false, "the weight must be a number above 0; to take the node out of service, set drain"
    end
    local is_known = is_listed(membership, address)
    return membership_of_change(
        membership,
        address,
        function(before) return changed(before, patch, is_known) end
    )
end
____exports.change = change
--- Undoes all changes of a node. Otherwise like `change`.
local function forget(membership, text)
    local address = addresses_parse(text)
    if address == nil then
        return false, "no IP address and port"
    end
    return membership_of_change(
        membership,
        address,
        function() return nil end
    )
end
____exports.forget = forget
return ____exports
