local ____exports = {}
local json = require("cjson.safe")
local shared_memory = require("resty.openclaw.shared_memory")
local ____names = require("resty.openclaw.shared_memory.names")
local increment = ____names.increment
local nodes = require("resty.openclaw.balancer.node")
local ____nodes_option = require("resty.openclaw.balancer.nodes_option")
local address_of = ____nodes_option.address_of
local peer_of = require("resty.openclaw.balancer.peer")
--- A place at which changes are tried, and how often until another one's must be done.
local LOCK_SECONDS = 1
local LOCK_TRIES = 200
--- No changes. Raises when there is no shared memory left. Phases: init.
local function create(registry, upstream, entries, discovery, by_first_byte, faults)
    local slot, err = shared_memory.slot(registry.region, "version " .. upstream)
    if slot == nil then
        error((("balancer \"" .. upstream) .. "\": no shared memory: ") .. err, 0)
    end
    return {
        registry = registry,
        upstream = upstream,
        entries = entries,
        discovery = discovery,
        by_first_byte = by_first_byte,
        faults = faults,
        version = registry.region.common + slot,
        seen = -1,
        by_address = {}
    }
end
____exports.new = create
--- Whether the list has changed since this worker last made one. Phases: any.
function ____exports.has_changed(membership)
    return membership.version[0] ~= membership.seen
end
--- Lets all workers make the list anew at their next request. Phases: any.
function ____exports.announce(membership)
    local next = increment(membership.registry.region.names, "version:" .. membership.upstream, 1, 0)
    membership.version[0] = next or membership.version[0] + 1
end
--- The changes in force, by address. Phases: any.
function ____exports.changes(membership)
    local text = membership.registry.region.names:get("changes:" .. membership.upstream)
    local found = json.decode(text or "{}")
    local ____found_0 = found
    if ____found_0 == nil then
        ____found_0 = {}
    end
    return ____found_0
end
--- Adds a node to a list, with its change if there is one.
local function add(membership, list, by_address, address, host, port, weight, is_draining, change)
    if (change and change.removed) == true or by_address[address] ~= nil then
        return
    end
    local peer = membership.by_address[address]
    if peer == nil then
        local node, node_err = nodes.at(membership.registry, address, host, port)
        if node == nil then
            membership.faults:report("no_memory", address, ": ", node_err)
            return
        end
        local made, err = peer_of.new(membership.registry, membership.upstream, node, membership.by_first_byte)
        if made == nil then
            membership.faults:report("no_memory", address, ": ", err)
            return
        end
        peer = made
    end
    peer.weight = change and change.weight or weight
    local ____peer_8 = peer
    local ____temp_7 = change and change.drain
    if ____temp_7 == nil then
        ____temp_7 = is_draining
    end
    ____peer_8.is_draining = ____temp_7
    list[#list + 1] = peer
    by_address[address] = peer
end
--- The peers in force now. Those that were in force before keep all that is known of them. Phases: any.
function ____exports.peers(membership)
    membership.seen = membership.version[0]
    local changed = ____exports.changes(membership)
    local list = {}
    local found = {}
    for ____, ____value in ipairs(membership.entries) do
        local text = ____value.text
        local is_name = ____value.is_name
        local host = ____value.host
        local port = ____value.port
        local weight = ____value.weight
        local is_draining = ____value.is_draining
        if not is_name then
            add(
                membership,
                list,
                found,
                text,
                host,
                port,
                weight,
                is_draining,
                changed[text]
            )
        else
            local ____opt_9 = membership.discovery
            for ____, resolved in ipairs(____opt_9 and ____opt_9:addresses(text) or ({})) do
                local address = resolved.address
                local its_weight = weight * resolved.weight
                local change = changed[address]
                add(
                    membership,
                    list,
                    found,
                    address,
                    resolved.host,
                    resolved.port,
                    its_weight,
                    is_draining,
                    change
                )
            end
        end
    end
    local added = {}
    for address, change in pairs(changed) do
        if change.added == true then
            added[#added + 1] = address
        end
    end
    table.sort(added)
    for ____, text in ipairs(added) do
        local address, host, port = address_of(text)
        if address ~= nil then
            add(
                membership,
                list,
                found,
                address,
                host,
                port,
                1,
                false,
                changed[text]
            )
        end
    end
    membership.by_address = found
    return list
end
--- Holds off other workers' changes while `work` runs; false when they take too long.
local function alone(membership, work)
    local names = membership.registry.region.names
    local lock = "changing:" .. membership.upstream
    for _ = 1, LOCK_TRIES do
        local won, err = names:safe_add(lock, 1, LOCK_SECONDS)
        if won == true then
            local ok = work()
            names:delete(lock)
            if ok then
                return true
            end
            return false, "the lua_shared_dict is full"
        end
        if err ~= "exists" then
            return false, "the lua_shared_dict is full"
        end
        ngx.sleep(0.005)
    end
    return false, "others are changing it"
end
--- Changes what an operator said of a node; nothing forgets it. All workers follow at their next request. Phases: those
-- that may yield. On failure false and why.
function ____exports.change(membership, address, update)
    return alone(
        membership,
        function()
            local all = ____exports.changes(membership)
            all[address] = update(all[address] or ({}))
            local text = json.encode(all)
            local kept = membership.registry.region.names:safe_set("changes:" .. membership.upstream, text)
            if kept ~= true then
                return false
            end
            ____exports.announce(membership)
            return true
        end
    )
end
return ____exports
