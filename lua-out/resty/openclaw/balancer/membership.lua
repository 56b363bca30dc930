local ____exports = {}
local error = error
local ipairs = ipairs
local pairs = pairs
local string_gsub = string.gsub
local table_sort = table.sort
local json = require("cjson.safe")
local json_decode = json.decode
local json_encode = json.encode
local addresses = require("resty.openclaw.core.http.address")
local addresses_parse = addresses.parse
local locks = require("resty.openclaw.core.memory.lock")
local locks_new = locks.new
local locks_unlock = locks.unlock
local locks_wait_for_lock = locks.wait_for_lock
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_slot = shared_memory.slot
local ____names = require("resty.openclaw.core.memory.shared_memory.names")
local increment = ____names.increment
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local kept_changes = require("resty.openclaw.balancer.kept_changes")
local kept_changes_limit = kept_changes.limit
local nodes = require("resty.openclaw.balancer.node")
local nodes_at = nodes.at
local ____node_name = require("resty.openclaw.balancer.node_name")
local host_header = ____node_name.host_header
local peer_of = require("resty.openclaw.balancer.peer")
local peer_of_hold = peer_of.hold
local peer_of_new = peer_of.new
local peer_of_release = peer_of.release
local NEVER_SEEN = -1
--- The time-to-live of the lock: far longer than a change takes, even if the system suspends the worker for a moment.
local LOCK_SECONDS = 30
--- How long a change waits for others.
local WAIT_SECONDS = 5
local FULL = "the lua_shared_dict is full"
--- No changes. Raises when there is no shared memory left. Phases: init.
local function create(registry, upstream, entries, is_checked, faults)
    local slot, err = shared_memory_slot(registry.region, "version " .. upstream)
    if slot == nil then
        error((("balancer \"" .. upstream) .. "\": no shared memory: ") .. err, 0)
    end
    return {
        registry = registry,
        upstream = upstream,
        entries = entries,
        discovery = nil,
        is_checked = is_checked,
        faults = faults,
        lock = locks_new(registry.region.names, "changing:" .. upstream, LOCK_SECONDS),
        version = registry.region.common + slot,
        seen = NEVER_SEEN,
        by_address = {},
        retired = {},
        has_retired = false,
        is_incomplete = false
    }
end
____exports.new = create
--- Whether there was a change since this worker last made its list. Phases: any.
local function has_changed(membership)
    return membership.version[0] ~= membership.seen
end
____exports.has_changed = has_changed
--- Makes all workers update their list at their next request. Phases: any.
local function announce(membership)
    local next = increment(membership.registry.region.names, "version:" .. membership.upstream, 1, 0)
    membership.version[0] = next or membership.version[0] + 1
end
____exports.announce = announce
--- The changes that an operator made, by address. Phases: any.
local function changes(membership)
    local text = membership.registry.region.names:get("changes:" .. membership.upstream)
    local found = json_decode(text or "{}")
    local ____found_0 = found
    if ____found_0 == nil then
        ____found_0 = {}
    end
    return ____found_0
end
____exports.changes = changes
--- The peer at an address, a known one or a new one; nothing if there is no memory left.
local function peer_at(membership, ____bindingPattern0)
    local port
    local host
    local address
    address = ____bindingPattern0.address
    host = ____bindingPattern0.host
    port = ____bindingPattern0.port
    local ____membership_1 = membership
    local by_address = ____membership_1.by_address
    local retired = ____membership_1.retired
    local known = by_address[address] or retired[address]
    if known ~= nil and peer_of_hold(known) then
        return known
    end
    local node, node_err = nodes_at(membership.registry, address, host, port)
    if node == nil then
        membership.faults:report("no_memory", address, ": ", node_err)
        return nil
    end
    local peer, err = peer_of_new(membership.registry, membership.upstream, node, membership.is_checked)
    if peer == nil then
        membership.faults:report("no_memory", address, ": ", err)
    end
    return peer
end
local function listed_entry(list, membership, entry)
    local ____entry_2 = entry
    local weight = ____entry_2.weight
    local is_draining = ____entry_2.is_draining
    if not entry.is_name then
        list[#list + 1] = {
            address = entry.text,
            host = entry.host,
            port = entry.port,
            weight = weight,
            is_draining = is_draining
        }
        return
    end
    local ____opt_3 = membership.discovery
    for ____, node in ipairs(____opt_3 and ____opt_3:addresses(entry.text) or ({})) do
        local address = node.address
        local host = node.host
        local port = node.port
        local server_name = string_gsub(node.target, "%.$", "")
        list[#list + 1] = {
            address = address,
            host = host,
            port = port,
            weight = weight * node.weight,
            is_draining = is_draining,
            server_name = server_name
        }
    end
end
--- The nodes of the configuration, with the addresses that names have in the DNS. Phases: any.
local function listed(membership)
    local list = {}
    for ____, entry in ipairs(membership.entries) do
        listed_entry(list, membership, entry)
    end
    return list
end
____exports.listed = listed
local function listed_addresses(membership)
    local found = {}
    for ____, node in ipairs(listed(membership)) do
        found[node.address] = true
    end
    return found
end
--- Adds the nodes that an operator added.
local function add_others(list, changed)
    local added = {}
    for address, its_change in pairs(changed) do
        if its_change.added == true then
            added[#added + 1] = address
        end
    end
    table_sort(added)
    for ____, text in ipairs(added) do
        local address, host, port = addresses_parse(text)
        if address ~= nil then
            list[#list + 1] = {
                address = address,
                host = host,
                port = port,
                weight = 1,
                is_draining = false
            }
        end
    end
end
--- Updates the retired peers: those that were in the list, or retired before, and are not in the list now.
local function note_retired(membership, in_list)
    local retired = {}
    for address, peer in pairs(membership.retired) do
        if in_list[address] ~= peer then
            retired[address] = peer
        end
    end
    for address, peer in pairs(membership.by_address) do
        if in_list[address] ~= peer then
            retired[address] = peer
        end
    end
    membership.retired = retired
    membership.has_retired = (next(retired)) ~= nil
end
--- Releases the retired peers without requests of this worker. Costs nothing if there are none. Phases: any but init.
local function release_retired(membership)
    if not membership.has_retired then
        return
    end
    local ____membership_5 = membership
    local retired = ____membership_5.retired
    for address, peer in pairs(retired) do
        if peer_of_release(membership.registry, peer) then
            retired[address] = nil
        end
    end
    membership.has_retired = (next(retired)) ~= nil
end
____exports.release_retired = release_retired
--- Makes this worker update its list at its next request. Phases: any.
local function invalidate(membership)
    membership.seen = NEVER_SEEN
end
____exports.invalidate = invalidate
--- The peers of the new list. Those that were in the list before are the same objects. Phases: any.
local function peers(membership)
    membership.seen = ngx.get_phase() == "init" and NEVER_SEEN or membership.version[0]
    local changed = changes(membership)
    local list = listed(membership)
    add_others(list, changed)
    membership.is_incomplete = false
    local in_list = {}
    local found = {}
    for ____, node in ipairs(list) do
        local its_change = changed[node.address] or ({})
        local is_wanted = its_change.removed ~= true and not (found[node.address] ~= nil)
        local ____is_wanted_6
        if is_wanted then
            ____is_wanted_6 = peer_at(membership, node)
        else
            ____is_wanted_6 = nil
        end
        local peer = ____is_wanted_6
        if is_wanted and peer == nil then
            membership.is_incomplete = true
        end
        if peer ~= nil then
            peer.weight = its_change.weight or node.weight
            local ____its_change_drain_7 = its_change.drain
            if ____its_change_drain_7 == nil then
                ____its_change_drain_7 = node.is_draining
            end
            peer.is_draining = ____its_change_drain_7
            peer.server_name = node.server_name
            peer.host_header = host_header(node.server_name, node.host, node.port)
            in_list[#in_list + 1] = peer
            found[node.address] = peer
        end
    end
    note_retired(membership, found)
    membership.by_address = found
    return in_list
end
____exports.peers = peers
--- Runs `work` while no other process changes anything; false if others take too long, or if `work` fails.
local function change_alone(lock, work)
    local is_held, err = locks_wait_for_lock(lock, WAIT_SECONDS)
    if not is_held then
        return false, err == nil and "another change is in progress; try again" or FULL
    end
    local ok = work()
    locks_unlock(lock)
    if ok then
        return true
    end
    return false, FULL
end
--- Replaces an operator's change of a node; `update` returns nothing to undo it. Of nodes that no longer exist only the newest
-- changes are kept. All workers apply the change at their next request. Phases: those that may yield. On failure false and why.
local function change(membership, address, update)
    return change_alone(
        membership.lock,
        function()
            local all = changes(membership)
            local its_change = update(all[address] or ({}))
            if its_change ~= nil then
                its_change.since = clock_now()
            end
            all[address] = its_change
            kept_changes_limit(
                all,
                listed_addresses(membership)
            )
            local text = json_encode(all)
            if text == nil then
                return false
            end
            local kept = membership.registry.region.names:safe_set("changes:" .. membership.upstream, text)
            if kept ~= true then
                return false
            end
            announce(membership)
            return true
        end
    )
end
____exports.change = change
return ____exports
