local ____exports = {}
local ipairs = ipairs
local math_floor = math.floor
local math_min = math.min
local straight_loop = require("resty.openclaw.core.code.straight_loop")
local straight_loop_over = straight_loop.over
local health_state = require("resty.openclaw.balancer.health_check.health_state")
local health_state_is_down = health_state.is_down
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local outlier_detection_is_ejected = outlier_detection.is_ejected
local outlier_detection_probe = outlier_detection.probe
local outlier_detection_seconds_busy = outlier_detection.seconds_busy
local outlier_detection_wants_probe = outlier_detection.wants_probe
local peer_of = require("resty.openclaw.balancer.peer")
local peer_of_has_restarted = peer_of.has_restarted
local peer_of_is_at_slow_start_limit = peer_of.is_at_slow_start_limit
local peer_of_seconds_left = peer_of.seconds_left
local state_changes = require("resty.openclaw.balancer.state_changes")
local state_changes_count = state_changes.count
--- An empty pool. Phases: any.
local function create(policy, panic_share)
    return {
        policy = policy,
        peers = {},
        members = 0,
        candidates = {peers = {}, count = 0},
        panic_share = panic_share,
        rounds = 0,
        others = 0,
        busy = {peers = {}, count = 0},
        complete_at = nil,
        complete_changes = 0
    }
end
____exports.new = create
--- Takes another list of peers. Phases: any.
local function set_peers(pool, peers)
    local members = 0
    for ____, peer in ipairs(peers) do
        if not peer.is_draining then
            members = members + 1
        end
        if peer_of_has_restarted(peer) then
            peer.learned = pool.policy:learn(peer)
        end
    end
    pool.peers = peers
    pool.members = members
    pool.complete_at = nil
    if pool.policy.list_changed ~= nil then
        pool.policy:list_changed(peers)
    end
end
____exports.set_peers = set_peers
--- How many peers are left out of the current choice, and why.
local down = 0
--- How many more ejected ones may be left out: half of the members in all.
local ejected_left = 0
local loaded = 0
--- Available peers that are not in a slow start.
local started = 0
local to_probe
--- Whether a peer is neither down nor ejected; counts it if it is.
local function is_up(peer, now)
    if health_state_is_down(peer.checks) then
        down = down + 1
        return false
    end
    if outlier_detection_is_ejected(peer.record) then
        if outlier_detection_wants_probe(peer.record, now) then
            to_probe = peer
        end
        ejected_left = ejected_left - 1
        if ejected_left >= 0 then
            down = down + 1
            return false
        end
    end
    return true
end
local function add(candidates, peer)
    candidates.peers[candidates.count + 1] = peer
    candidates.count = candidates.count + 1
end
--- The round of a request that was tried nowhere.
local NO_ROUND = -1
--- Adds an available peer to the candidates, unless it has reached the in-flight limit of its slow start.
local function add_available(candidates, peer)
    if peer_of_is_at_slow_start_limit(peer) then
        loaded = loaded + 1
    else
        add(candidates, peer)
    end
    if not peer.is_in_slow_start then
        started = started + 1
    end
end
--- Considers a member where the request was not tried in this round.
local function consider(pool, peer, now)
    local is_busy = outlier_detection_seconds_busy(peer.record, now) > 0
    if not is_busy then
        pool.others = pool.others + 1
    end
    if not is_up(peer, now) then
        return
    end
    if is_busy then
        add(pool.busy, peer)
    else
        add_available(pool.candidates, peer)
    end
end
local function begin_choice(pool)
    pool.complete_at = nil
    pool.candidates.count = 0
    pool.busy.count = 0
    pool.others = 0
    ejected_left = math_floor(pool.members / 2)
    down = 0
    loaded = 0
    started = 0
    to_probe = nil
end
local function look_at(peer, pool, round, now)
    if peer_of_has_restarted(peer) then
        peer.learned = pool.policy:learn(peer)
    end
    if peer.is_draining then
        return
    end
    if peer.tried_in == round then
        is_up(peer, now)
    else
        consider(pool, peer, now)
    end
end
local look_at_all = straight_loop_over(look_at)
--- Finds the candidates: the available peers where the request was not tried in this round.
local function find_available(pool, round, now)
    begin_choice(pool)
    look_at_all(
        pool.peers,
        #pool.peers,
        pool,
        round,
        now
    )
end
--- The same for a request that was tried nowhere. If all members were candidates, they still are within that millisecond.
local function find_first(pool, now)
    local changes = state_changes_count()
    if pool.complete_at == now and pool.complete_changes == changes then
        pool.candidates.count = pool.members
        pool.others = pool.members
        down = 0
        loaded = 0
        to_probe = nil
        return
    end
    find_available(pool, NO_ROUND, now)
    if to_probe ~= nil or started ~= pool.members or pool.candidates.count ~= pool.members then
        return
    end
    pool.complete_at = now
    pool.complete_changes = changes
end
--- The index in `pool.busy` from which on busy peers become candidates all the same.
local function first_busy_taken(pool, round)
    if round ~= NO_ROUND then
        return pool.busy.count
    end
    return (math_floor((pool.members - down) / 2))
end
--- If more than half of the peers that are up are busy, adds busy ones until half of those that are up are candidates. Only for a
-- request that was tried nowhere.
local function add_busy(pool, round)
    if pool.busy.count == 0 then
        return
    end
    for place = first_busy_taken(pool, round), pool.busy.count - 1 do
        add_available(pool.candidates, pool.busy.peers[place + 1])
    end
end
--- Finds the available peers again, including those that have reached the limit of their slow start.
local function find_all_available(pool, round, now)
    local ____pool_0 = pool
    local busy = ____pool_0.busy
    local candidates = ____pool_0.candidates
    local first_busy = first_busy_taken(pool, round)
    candidates.count = 0
    ejected_left = math_floor(pool.members / 2)
    for ____, peer in ipairs(pool.peers) do
        local is_free = not peer.is_draining and is_up(peer, now) and outlier_detection_seconds_busy(peer.record, now) == 0
        if is_free and peer.tried_in ~= round then
            add(candidates, peer)
        end
    end
    for place = first_busy, busy.count - 1 do
        add(candidates, busy.peers[place + 1])
    end
end
--- Finds all members that are not busy and where the request was not tried in this round, up or down.
local function find_any(pool, round, now)
    pool.complete_at = nil
    pool.candidates.count = 0
    for ____, peer in ipairs(pool.peers) do
        local is_busy = outlier_detection_seconds_busy(peer.record, now) > 0
        if not peer.is_draining and not is_busy and peer.tried_in ~= round then
            add(pool.candidates, peer)
        end
    end
    pool.others = pool.candidates.count
end
--- Like `find_any`, if some are up: of these at most half are left out because they are busy.
local function find_many(pool, round, now)
    find_any(pool, round, now)
    for place = first_busy_taken(pool, round), pool.busy.count - 1 do
        add(pool.candidates, pool.busy.peers[place + 1])
    end
end
--- The policy's choice among the candidates.
local function pick_candidate(pool, now, key)
    if pool.candidates.count == 0 then
        return nil
    end
    local peer = pool.policy:pick(pool.candidates, now, key)
    if outlier_detection_seconds_busy(peer.record, now) == 0 then
        pool.others = pool.others - 1
    end
    return peer
end
local function pick(pool, round, now, key)
    add_busy(pool, round)
    local up = pool.members - down
    if down > 0 and up > 0 and up < pool.panic_share * pool.members then
        find_many(pool, round, now)
    elseif loaded > 0 and (started == 0 or pool.candidates.count == 0) then
        find_all_available(pool, round, now)
    end
    local peer = pick_candidate(pool, now, key)
    return peer
end
--- The peer for a first try; nothing if none is available. Phases: balancer.
-- 
-- @param key the value to hash, for a policy that does so
local function first(pool, now, key)
    find_first(pool, now)
    if to_probe ~= nil then
        outlier_detection_probe(to_probe.record, now)
        pool.others = pool.others - 1
        return to_probe
    end
    local peer = pick(pool, NO_ROUND, now, key)
    return peer
end
____exports.first = first
--- Begins a round for a request that was tried before; the peers of its tries are to be marked. Phases: balancer.
local function begin_round(pool)
    pool.rounds = pool.rounds + 1
end
____exports.begin_round = begin_round
--- Marks a peer where the request was tried. Phases: balancer.
local function mark(pool, peer)
    peer.tried_in = pool.rounds
end
____exports.mark = mark
--- The peer for a request that was tried at the marked ones; nothing if no other is available. Phases: balancer.
local function another(pool, now, key)
    find_available(pool, pool.rounds, now)
    local peer = pick(pool, pool.rounds, now, key)
    return peer
end
____exports.another = another
--- Finds all members.
local function find_busy(pool)
    for ____, peer in ipairs(pool.peers) do
        if not peer.is_draining then
            add(pool.candidates, peer)
        end
    end
end
--- A peer although none is available: one that is down and not marked. A busy one only for a first try, if all are busy. Phases:
-- balancer.
local function in_panic(pool, now, key, is_first)
    find_any(pool, pool.rounds, now)
    if is_first and pool.candidates.count == 0 then
        find_busy(pool)
    end
    local peer = pick_candidate(pool, now, key)
    return peer
end
____exports.in_panic = in_panic
--- Seconds until one of the peers may be available again, at most 10; 10 if that is not known. Phases: any.
local function seconds_left(pool, now)
    local seconds = 10
    for ____, peer in ipairs(pool.peers) do
        if not peer.is_draining and not health_state_is_down(peer.checks) then
            seconds = math_min(
                seconds,
                peer_of_seconds_left(peer, now)
            )
        end
    end
    return seconds
end
____exports.seconds_left = seconds_left
return ____exports
