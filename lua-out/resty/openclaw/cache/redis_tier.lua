local ____exports = {}
local error = error
local tostring = tostring
local math_min = math.min
local string_find = string.find
local checksums = require("resty.openclaw.core.bytes.checksum")
local checksums_is_available = checksums.is_available
local gzips = require("resty.openclaw.core.bytes.gzip")
local gzips_new = gzips.new
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local redis_client = require("resty.openclaw.redis_client")
local redis_client_address = redis_client.address
local redis_client_fingerprint = redis_client.fingerprint
local redis_client_new = redis_client.new
local links = require("resty.openclaw.redis_client.link")
local links_enter = links.enter
local links_leave = links.leave
local links_of = links.of
local outages = require("resty.openclaw.redis_client.outage")
local outages_of_route = outages.of_route
local circuit = require("resty.openclaw.cache.redis_tier.circuit")
local circuit_ask = circuit.ask
local circuit_fail = circuit.fail
local circuit_is_usable = circuit.is_usable
local figures = require("resty.openclaw.cache.redis_tier.figures")
local figures_of = figures.of
local options = require("resty.openclaw.cache.redis_tier.options")
local options_KIND = options.KIND
local options_SCHEMA = options.SCHEMA
local scripts = require("resty.openclaw.cache.redis_tier.scripts")
local scripts_found_in = scripts.found_in
local values = require("resty.openclaw.cache.redis_tier.value")
local values_unpack = values.unpack
local writers = require("resty.openclaw.cache.redis_tier.writer")
local writers_WRITE_SECONDS = writers.WRITE_SECONDS
local writers_new = writers.new
local SCHEMA = options_SCHEMA
____exports.SCHEMA = SCHEMA
local KIND = options_KIND
____exports.KIND = KIND
--- Gives back the place of the question of a request that was ended in the middle. Phases: any with a request.
____exports.leave = links.leave
--- Queues an answer for Redis, which is fresh for so many seconds. Phases: any with a request or a timer; does not yield. Never raises.
____exports.write = writers.add
--- Questions at the same time, in each worker; who comes later does not ask. Each has a connection, which is kept for the next.
local MOST_QUESTIONS = 128
____exports.MOST_QUESTIONS = MOST_QUESTIONS
--- All routes with one Redis have one queue in each worker.
local writer_of = {}
local function open(given, path)
    local most_connections = MOST_QUESTIONS + 3
    local redis = redis_client_new(
        given,
        path,
        "redis",
        most_connections,
        writers_WRITE_SECONDS
    )
    local gzip, err = gzips_new()
    if gzip == nil or not checksums_is_available() then
        return error(
            (path .. " cannot be used: ") .. tostring(err),
            0
        )
    end
    return writers_new(redis, gzip)
end
--- The answers of a route. `path`: that of the table of options, for errors. Raises where the client cannot be made, or there is no zlib.
-- Phases: init.
local function create(given, path, faults, registry, route)
    local opened
    local function open_redis()
        opened = open(given, path)
        return opened.redis
    end
    local fingerprint = redis_client_fingerprint(given, options_SCHEMA)
    local link = links_of(faults.plugin, fingerprint, open_redis, MOST_QUESTIONS)
    if opened ~= nil then
        writer_of[link] = opened
    end
    local outage = {
        address = redis_client_address(given),
        fails_to = "share answers",
        does_again = "shares answers",
        of_route = outages_of_route(route),
        meanwhile = "each gateway has its own cache only"
    }
    local ____given_0 = given
    local prefix = ____given_0.prefix
    local database = ____given_0.database
    local max_bytes = ____given_0.max_bytes
    local timeout_seconds = ____given_0.timeout_seconds
    return {
        link = link,
        writer = writer_of[link],
        faults = faults,
        figures = figures_of(registry, route),
        outage = outage,
        place = (((outage.address .. "/") .. tostring(database)) .. " ") .. prefix,
        prefix = prefix,
        known_until = nil,
        max_bytes = max_bytes,
        timeout_seconds = timeout_seconds
    }
end
____exports.new = create
--- What Redis has cannot be used.
local function refuse(tier, err)
    tier.faults:report("damaged_answer", "an answer in Redis is not used: ", err)
    tier.figures.questions.miss:inc()
    return nil
end
local function miss(tier)
    tier.figures.questions.miss:inc()
    return nil
end
--- What a reply says; it was asked for at that moment.
local function kept_in(tier, key, reply, asked_at)
    local found = scripts_found_in(reply)
    if found == nil then
        return refuse(tier, "the reply is none to the question")
    end
    local bytes = found.bytes
    local value = found.value
    if bytes == 0 then
        return miss(tier)
    end
    if value == nil then
        return refuse(tier, "it is too long")
    end
    if found.left == -1 then
        return refuse(tier, "it never expires")
    end
    local answer, err = values_unpack(key, value)
    if answer == nil then
        return refuse(tier, err)
    end
    local left = math_min(found.left, answer.fresh_until - found.now) / 1000
    local seconds = left - (clock_now() - asked_at)
    if seconds <= 0 then
        return miss(tier)
    end
    tier.figures.questions.hit:inc()
    return {head = answer.head, body = answer.body, seconds = seconds}
end
local function fail(tier, err)
    local is_other_type = string_find(err, "^WRONGTYPE")
    if is_other_type ~= nil then
        return refuse(tier, "it is no string")
    end
    tier.figures.questions.failed:inc()
    circuit_fail(tier, err)
    return nil
end
--- The answer that Redis has for a key. Nothing where it has none, it is away, too many questions are under way, or what it has is damaged.
-- Phases: access; waits for Redis no longer than the timeout. Never raises.
local function read(tier, key)
    local ____tier_1 = tier
    local link = ____tier_1.link
    local timeout_seconds = ____tier_1.timeout_seconds
    local state = request_state_open()
    local now = clock_now()
    if not circuit_is_usable(tier, now) or links_enter(link, state, timeout_seconds, now) ~= nil then
        tier.figures.questions.skipped:inc()
        return nil
    end
    local reply, err = circuit_ask(tier, key, timeout_seconds)
    links_leave(state)
    if reply == nil then
        return fail(tier, err)
    end
    return kept_in(tier, key, reply, now)
end
____exports.read = read
return ____exports
