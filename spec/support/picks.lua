--- Asks a policy for peers as the balancer does, without saying which ones are available.
local _M = {}

--- Makes a policy know the peers; returns them.
function _M.taught(policy, peers)
    for _, peer in ipairs(peers) do peer.learned = policy:learn(peer) end
    if policy.list_changed then policy:list_changed(peers) end
    return peers
end

--- The peer that a policy takes of these.
function _M.one(policy, peers, now, key)
    local candidates = { peers = {}, count = #peers }
    for place, peer in ipairs(peers) do candidates.peers[place] = peer end
    return (policy:pick(candidates, now or 1000, key))
end

--- A peer's place in a list.
function _M.place(peers, peer)
    for place, other in ipairs(peers) do
        if other == peer then return place end
    end
    error("a peer that was no candidate", 2)
end

--- The places, in `peers`, of so many picks among some of them.
function _M.places(policy, peers, count, among)
    local places = {}
    for number = 1, count do places[number] = _M.place(peers, _M.one(policy, among or peers)) end
    return places
end

--- How many of so many picks each place got.
function _M.shares(policy, peers, count, among)
    local shares = {}
    for place in ipairs(peers) do shares[place] = 0 end
    for _, place in ipairs(_M.places(policy, peers, count, among)) do shares[place] = shares[place] + 1 end
    return shares
end

return _M
