local ____exports = {}
local json = require("cjson.safe")
local addresses = require("resty.openclaw.core.http.address")
local request = require("resty.openclaw.core.request.request")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local ____names = require("resty.openclaw.core.memory.shared_memory.names")
local increment = ____names.increment
local process = require("resty.openclaw.core.memory.shared_memory.process")
local kept_changes = require("resty.openclaw.balancer.kept_changes")
local nodes = require("resty.openclaw.balancer.node")
local ____node_name = require("resty.openclaw.balancer.node_name")
local host_header = ____node_name.host_header
local peer_of = require("resty.openclaw.balancer.peer")
local NEVER_SEEN = -1
--- How long changes are held off at most: far longer than one takes, even where the system holds the worker up.
local LOCK_SECONDS = 30
--- How often a change is tried until another one's must be done, and after how many tries it looks whether that is dead.
local LOCK_TRIES = 200
local TRIES_BETWEEN_LOOKS = 20
local TRY_SECONDS = 0.005
--- No changes. Raises when there is no shared memory left. Phases: init.
local function create(registry, upstream, entries, is_checked, faults)
    local slot, err = shared_memory.slot(registry.region, "version " .. upstream)
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
        version = registry.region.common + slot,
        seen = NEVER_SEEN,
        by_address = {},
        leaving = {},
        has_leaving = false,
        lacks_some = false
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
--- The peer at an address: one that is known already, or a new one; nothing when there is no memory left.
local function peer_at(membership, ____bindingPattern0)
    local port
    local host
    local address
    address = ____bindingPattern0.address
    host = ____bindingPattern0.host
    port = ____bindingPattern0.port
    local ____membership_1 = membership
    local by_address = ____membership_1.by_address
    local leaving = ____membership_1.leaving
    local known = by_address[address] or leaving[address]
    if known ~= nil and peer_of.hold(known) then
        return known
    end
    local node, node_err = nodes.at(membership.registry, address, host, port)
    if node == nil then
        membership.faults:report("no_memory", address, ": ", node_err)
        return nil
    end
    local peer, err = peer_of.new(membership.registry, membership.upstream, node, membership.is_checked)
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
        local server_name = string.gsub(node.target, "%.$", "")
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
--- The nodes in the configuration, and what the DNS says of the names there. Phases: any.
function ____exports.listed(membership)
    local list = {}
    for ____, entry in ipairs(membership.entries) do
        listed_entry(list, membership, entry)
    end
    return list
end
local function listed_addresses(membership)
    local found = {}
    for ____, node in ipairs(____exports.listed(membership)) do
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
    table.sort(added)
    for ____, text in ipairs(added) do
        local address, host, port = addresses.parse(text)
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
--- Brings the peers that leave up to date: those that were in force, or left before, and are not in force now.
local function note_leaving(membership, in_force)
    local leaving = {}
    for address, peer in pairs(membership.leaving) do
        if in_force[address] ~= peer then
            leaving[address] = peer
        end
    end
    for address, peer in pairs(membership.by_address) do
        if in_force[address] ~= peer then
            leaving[address] = peer
        end
    end
    membership.leaving = leaving
    membership.has_leaving = (next(leaving)) ~= nil
end
--- Lets go of the peers that have left and have no request of this worker any more. Costs nothing where none has left.
-- Phases: any but init.
function ____exports.settle(membership)
    if not membership.has_leaving then
        return
    end
    local leaving = membership.leaving
    for address, peer in pairs(leaving) do
        if peer_of.let_go(membership.registry, peer) then
            leaving[address] = nil
        end
    end
    membership.has_leaving = (next(leaving)) ~= nil
end
--- Has this worker make the list anew at its next request. Phases: any.
function ____exports.look_again(membership)
    membership.seen = NEVER_SEEN
end
--- The peers in force now. Those that were in force before keep all that is known of them. Phases: any.
function ____exports.peers(membership)
    membership.seen = ngx.get_phase() == "init" and NEVER_SEEN or membership.version[0]
    local changed = ____exports.changes(membership)
    local list = ____exports.listed(membership)
    add_others(list, changed)
    membership.lacks_some = false
    local in_force = {}
    local found = {}
    for ____, node in ipairs(list) do
        local its_change = changed[node.address] or ({})
        local is_wanted = its_change.removed ~= true and not (found[node.address] ~= nil)
        local ____is_wanted_5
        if is_wanted then
            ____is_wanted_5 = peer_at(membership, node)
        else
            ____is_wanted_5 = nil
        end
        local peer = ____is_wanted_5
        if is_wanted and peer == nil then
            membership.lacks_some = true
        end
        if peer ~= nil then
            peer.weight = its_change.weight or node.weight
            local ____its_change_drain_6 = its_change.drain
            if ____its_change_drain_6 == nil then
                ____its_change_drain_6 = node.is_draining
            end
            peer.is_draining = ____its_change_drain_6
            peer.server_name = node.server_name
            peer.host_header = host_header(node.server_name, node.host, node.port)
            in_force[#in_force + 1] = peer
            found[node.address] = peer
        end
    end
    note_leaving(membership, found)
    membership.by_address = found
    return in_force
end
--- Takes the lock from a worker that was killed with it; of the workers that notice, one does it.
local function free_from_dead(names, lock)
    local holder = names:get(lock)
    if type(holder) ~= "string" or process.is_alive(holder) then
        return
    end
    local mark = lock .. " heir"
    local won = names:safe_add(mark, 1, LOCK_SECONDS)
    if won ~= true then
        return
    end
    if (names:get(lock)) == holder then
        names:delete(lock)
    end
    names:delete(mark)
end
--- Holds off other workers' changes while `work` runs; false when they take too long.
local function alone(membership, work)
    local names = membership.registry.region.names
    local lock = "changing:" .. membership.upstream
    local me = process.identity()
    for attempt = 1, LOCK_TRIES do
        ngx.update_time()
        local won, err = names:safe_add(lock, me, LOCK_SECONDS)
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
        if attempt % TRIES_BETWEEN_LOOKS == 0 then
            free_from_dead(names, lock)
        end
        ngx.sleep(TRY_SECONDS)
    end
    return false, "another change is in progress, try again"
end
--- Changes what an operator said of a node; nothing forgets it. Of nodes that are no longer there the newest changes are
-- kept. All workers follow at their next request. Phases: those that may yield. On failure false and why.
function ____exports.change(membership, address, update)
    return alone(
        membership,
        function()
            local all = ____exports.changes(membership)
            local its_change = update(all[address] or ({}))
            if its_change ~= nil then
                its_change.since = request.now()
            end
            all[address] = its_change
            kept_changes.limit(
                all,
                listed_addresses(membership)
            )
            local text = json.encode(all)
            if text == nil then
                return false
            end
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
