local ____exports = {}
local ejection = require("resty.openclaw.balancer.ejection")
local verdicts = require("resty.openclaw.balancer.health_check.verdicts")
local peer_of = require("resty.openclaw.balancer.peer")
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
        busy = {peers = {}, count = 0}
    }
end
____exports.new = create
--- Takes another list of peers. Phases: any.
function ____exports.set_peers(pool, peers)
    local members = 0
    for ____, peer in ipairs(peers) do
        if not peer.is_draining then
            members = members + 1
        end
        if peer_of.has_begun(peer) then
            peer.learned = pool.policy:learn(peer)
        end
    end
    pool.peers = peers
    pool.members = members
    if pool.policy.list_changed ~= nil then
        pool.policy:list_changed(peers)
    end
end
--- The peers that are passed over in the present choice, and why.
local down = 0
--- So many ejected ones may still be: half of the members in all.
local ejected_left = 0
local loaded = 0
--- Available peers that began so long ago that they need no care.
local started = 0
local to_probe
--- Whether a peer is neither down nor ejected; notes why not.
local function is_up(peer, now)
    if verdicts.is_down(peer.checks) then
        down = down + 1
        return false
    end
    if ejection.is_ejected(peer.record) then
        if ejection.wants_probe(peer.record, now) then
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
--- A round in which nothing was tried.
local NO_ROUND = -1
--- Adds a peer that is available to the candidates, unless it is one to be loaded with care that has enough for now.
local function add_with_care(candidates, peer)
    if peer_of.is_loaded_enough(peer) then
        loaded = loaded + 1
    else
        add(candidates, peer)
    end
    if not peer.is_starting then
        started = started + 1
    end
end
--- Looks at a member where the request has not been in this round.
local function consider(pool, peer, now)
    local is_busy = ejection.seconds_busy(peer.record, now) > 0
    if not is_busy then
        pool.others = pool.others + 1
    end
    if not is_up(peer, now) then
        return
    end
    if is_busy then
        add(pool.busy, peer)
    else
        add_with_care(pool.candidates, peer)
    end
end
local function begin_choice(pool)
    pool.candidates.count = 0
    pool.busy.count = 0
    pool.others = 0
    ejected_left = math.floor(pool.members / 2)
    down = 0
    loaded = 0
    started = 0
    to_probe = nil
end
--- Fills in the candidates: the available peers where the request has not been in this round.
local function find_available(pool, round, now)
    begin_choice(pool)
    for place = 0, #pool.peers - 1 do
        local peer = pool.peers[place + 1]
        if peer_of.has_begun(peer) then
            peer.learned = pool.policy:learn(peer)
        end
        if not peer.is_draining then
            if peer.tried_in == round then
                is_up(peer, now)
            else
                consider(pool, peer, now)
            end
        end
    end
end
--- Of those passed over for being busy, the ones from this place on are taken in all the same.
local function first_taken_in(pool, round)
    if round ~= NO_ROUND then
        return pool.busy.count
    end
    return math.floor((pool.members - down) / 2)
end
--- Takes busy peers in as well, where more than half of those that are up are busy, until half of these can be chosen; only
-- for a request that has been nowhere.
local function take_busy_in(pool, round)
    if pool.busy.count == 0 then
        return
    end
    for place = first_taken_in(pool, round), pool.busy.count - 1 do
        add_with_care(pool.candidates, pool.busy.peers[place + 1])
    end
end
--- Fills in the available peers anew, also those that were to be loaded with care.
local function find_all_available(pool, round, now)
    local ____pool_0 = pool
    local busy = ____pool_0.busy
    local candidates = ____pool_0.candidates
    local first_busy = first_taken_in(pool, round)
    candidates.count = 0
    ejected_left = math.floor(pool.members / 2)
    for ____, peer in ipairs(pool.peers) do
        local is_free = not peer.is_draining and is_up(peer, now) and ejection.seconds_busy(peer.record, now) == 0
        if is_free and peer.tried_in ~= round then
            add(candidates, peer)
        end
    end
    for place = first_busy, busy.count - 1 do
        add(candidates, busy.peers[place + 1])
    end
end
--- Fills in the members where the request has not been in this round, also those that are down; busy ones are not.
local function find_any(pool, round, now)
    pool.candidates.count = 0
    for ____, peer in ipairs(pool.peers) do
        local is_busy = ejection.seconds_busy(peer.record, now) > 0
        if not peer.is_draining and not is_busy and peer.tried_in ~= round then
            add(pool.candidates, peer)
        end
    end
    pool.others = pool.candidates.count
end
--- As `find_any`, where a few are up: of these at most half are left out for being busy.
local function find_many(pool, round, now)
    find_any(pool, round, now)
    for place = first_taken_in(pool, round), pool.busy.count - 1 do
        add(pool.candidates, pool.busy.peers[place + 1])
    end
end
--- The policy's choice among the candidates.
local function pick_candidate(pool, now, key)
    if pool.candidates.count == 0 then
        return nil
    end
    local peer = pool.policy:pick(pool.candidates, now, key)
    if ejection.seconds_busy(peer.record, now) == 0 then
        pool.others = pool.others - 1
    end
    return peer
end
local function pick(pool, round, now, key)
    take_busy_in(pool, round)
    local up = pool.members - down
    if down > 0 and up > 0 and up < pool.panic_share * pool.members then
        find_many(pool, round, now)
    elseif loaded > 0 and (started == 0 or pool.candidates.count == 0) then
        find_all_available(pool, round, now)
    end
    local peer = pick_candidate(pool, now, key)
    return peer
end
--- The peer for a request that has been at none; nothing when none is available. Phases: balancer.
-- 
-- @param key what to hash, for a policy that does
function ____exports.first(pool, now, key)
    find_available(pool, NO_ROUND, now)
    if to_probe ~= nil then
        ejection.probe(to_probe.record, now)
        pool.others = pool.others - 1
        return to_probe
    end
    local peer = pick(pool, NO_ROUND, now, key)
    return peer
end
--- Begins a round for a request that has been at some peers, which are to be marked. Phases: balancer.
function ____exports.begin_round(pool)
    pool.rounds = pool.rounds + 1
end
--- Marks a peer where the request has been. Phases: balancer.
function ____exports.mark(pool, peer)
    peer.tried_in = pool.rounds
end
--- The peer for a request that has been at the marked ones; nothing when no other is available. Phases: balancer.
function ____exports.another(pool, now, key)
    find_available(pool, pool.rounds, now)
    local peer = pick(pool, pool.rounds, now, key)
    return peer
end
--- Fills in all members: there is nobody else.
local function find_busy(pool)
    for ____, peer in ipairs(pool.peers) do
        if not peer.is_draining then
            add(pool.candidates, peer)
        end
    end
end
--- A peer although none is available: those that are down are tried, marked ones are not. Busy ones are only for a request
-- that has been nowhere, and where all are busy. Phases: balancer.
function ____exports.in_panic(pool, now, key, is_first)
    find_any(pool, pool.rounds, now)
    if is_first and pool.candidates.count == 0 then
        find_busy(pool)
    end
    local peer = pick_candidate(pool, now, key)
    return peer
end
--- Seconds until one of the peers may be available again, at most 10; 10 where that is not known. Phases: any.
function ____exports.seconds_left(pool, now)
    local seconds = 10
    for ____, peer in ipairs(pool.peers) do
        if not peer.is_draining and not verdicts.is_down(peer.checks) then
            seconds = math.min(
                seconds,
                peer_of.seconds_left(peer, now)
            )
        end
    end
    return seconds
end
return ____exports
