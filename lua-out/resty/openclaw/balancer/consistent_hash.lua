local ____exports = {}
local setmetatable = setmetatable
local type = type
local bit_bor = bit.bor
local bit_bxor = bit.bxor
local bit_lshift = bit.lshift
local bit_rshift = bit.rshift
local math_ceil = math.ceil
local math_huge = math.huge
local math_log = math.log
local math_random = math.random
local string_find = string.find
local string_match = string.match
local kinds = require("resty.openclaw.config.kinds")
local kinds_of = kinds.of
local nodes = require("resty.openclaw.balancer.node")
local nodes_in_flight = nodes.in_flight
local TWO_TO_32 = 4294967296
--- The option `load_factor` where it is not given.
local DEFAULT_LOAD_FACTOR = 1.25
____exports.DEFAULT_LOAD_FACTOR = DEFAULT_LOAD_FACTOR
--- A number from 0 to 1, without the ends, that tells nothing of the other. Source: Bob Jenkins' integer hash.
local function scattered(number)
    local hash = bit_bor(
        number + 2127912214 + bit_lshift(number, 12),
        0
    )
    hash = bit_bxor(
        bit_bxor(hash, 3345072700),
        bit_rshift(hash, 19)
    )
    hash = bit_bor(
        hash + 374761393 + bit_lshift(hash, 5),
        0
    )
    hash = bit_bxor(
        bit_bor(hash + 3550635116, 0),
        bit_lshift(hash, 9)
    )
    hash = bit_bor(
        hash + 4251993797 + bit_lshift(hash, 3),
        0
    )
    hash = bit_bxor(
        bit_bxor(hash, 3042594569),
        bit_rshift(hash, 16)
    )
    return ((hash < 0 and hash + TWO_TO_32 or hash) + 0.5) / TWO_TO_32
end
--- Reads the load of the candidates; returns the limit for a weight of 1.
local function fair_load(policy, candidates)
    local load = 1
    local weight = 0
    for at = 0, candidates.count - 1 do
        local peer = candidates.peers[at + 1]
        local its_load = nodes_in_flight(peer.node)
        peer.learned.load = its_load
        load = load + its_load
        weight = weight + peer.weight
    end
    return policy.load_factor * load / weight
end
--- For requests without a value: the peer with the fewest requests in flight for its weight.
local function least_loaded(candidates)
    local best = candidates.peers[1]
    local least = math_huge
    for at = 0, candidates.count - 1 do
        local peer = candidates.peers[at + 1]
        local load = (peer.learned.load + math_random()) / peer.weight
        if load < least then
            best = peer
            least = load
        end
    end
    return best
end
local function pick(self, candidates, _now, key)
    local fair = fair_load(self, candidates)
    if key == nil or key == "" then
        return least_loaded(candidates)
    end
    local hash = ngx.crc32_short(key)
    local best = candidates.peers[1]
    local best_score = -1
    for at = 0, candidates.count - 1 do
        local peer = candidates.peers[at + 1]
        local score = -peer.weight / math_log(scattered(bit_bxor(hash, peer.learned.seed)))
        if score > best_score and peer.learned.load < math_ceil(fair * peer.weight) then
            best = peer
            best_score = score
        end
    end
    return best
end
local function learn(self, peer)
    return {
        seed = ngx.crc32_short(peer.node.address),
        load = 0
    }
end
local function weight(self, peer)
    return peer.weight
end
local metatable = {__index = {learn = learn, pick = pick, weight = weight}}
local function is_variable(given)
    if type(given) ~= "string" then
        return false
    end
    local legal = string_find(given, "^%$?[%w_]+$")
    return legal ~= nil
end
--- The option `hash_on`: the variable to hash, with or without its dollar sign.
local HASHED_VARIABLE = kinds_of("variable name", "the name of a variable, such as \"$arg_user\"", is_variable)
____exports.HASHED_VARIABLE = HASHED_VARIABLE
--- The option `load_factor`.
local LOAD_FACTOR = kinds_of(
    "number > 1",
    "a number above 1",
    function(given) return type(given) == "number" and given > 1 and given < math_huge end
)
____exports.LOAD_FACTOR = LOAD_FACTOR
--- The policy. Phases: init.
local function create(____bindingPattern0)
    local load_factor
    local hash_on
    hash_on = ____bindingPattern0.hash_on
    load_factor = ____bindingPattern0.load_factor
    local key_variable = string_match(hash_on or "_", "[%w_]+")
    local fields = {key_variable = key_variable, load_factor = load_factor}
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
