local ____exports = {}
local setmetatable = setmetatable
local lru_cache = require("resty.lrucache")
local lru_cache_new = lru_cache.new
local kinds = require("resty.openclaw.config.kinds")
local kinds_one_of = kinds.one_of
local ____schema = require("resty.openclaw.config.schema")
local joined = ____schema.joined
local option = ____schema.option
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local redis_client = require("resty.openclaw.redis_client")
local redis_client_SCHEMA = redis_client.SCHEMA
local redis_client_new = redis_client.new
local credentials = require("resty.openclaw.auth.api_key.credential")
local credentials_digest_of = credentials.digest_of
local credentials_is_legal = credentials.is_legal
local lookups = require("resty.openclaw.auth.api_key.redis_lookup")
local lookups_find = lookups.find
local lookups_new = lookups.new
local KEYS_SCHEMA = {
    prefix = option(kinds.text, "openclaw:key:", "what comes before the SHA-256 of a key in the name of its hash"),
    cache_seconds = option(kinds.not_negative, 10, "how long each worker uses what it has read of a key, so how long a withdrawn key may still be accepted"),
    on_error = option(
        kinds_one_of("closed", "stale"),
        "closed",
        "what happens when Redis does not respond: `\"closed\"` responds 503 to keys that are not cached; `\"stale\"` uses cached keys for `stale_seconds` longer"
    ),
    stale_seconds = option(kinds.not_negative, 60, "with `on_error = \"stale\"`: how much longer than `cache_seconds`")
}
--- The options of `redis`. A request waits for the look-up, so its timeout is shorter than usual.
local SCHEMA = joined(
    joined(KEYS_SCHEMA, redis_client_SCHEMA),
    {timeout_seconds = option(kinds.positive, 1, "timeout of a look-up, including the connection; where many are under way, a request waits as long for its turn before")}
)
____exports.SCHEMA = SCHEMA
____exports.check_options = redis_client.check
local MOST_KNOWN = 10000
--- Random keys cannot drive known ones out, as they are kept apart; few are enough for clients that repeat a wrong key.
local MOST_UNKNOWN = 2000
local UNKNOWN_SECONDS = 1
local MOST_IDLE_CONNECTIONS = 32
local function verdict_of(caller, now)
    if caller.expires_at ~= nil and now >= caller.expires_at then
        return nil, "expired"
    end
    return caller
end
--- Asks Redis about a key of which the worker does not know enough.
local function ask(keys, digest, known, now)
    local asked_at = clock_now()
    local caller, reason = lookups_find(keys.lookup, digest, known ~= nil)
    if caller ~= nil then
        keys.known:set(digest, {caller = caller, asked_at = asked_at})
        return verdict_of(caller, now)
    end
    if reason == "unknown_key" then
        keys.known:delete(digest)
        keys.unknown:set(
            digest,
            clock_now() + UNKNOWN_SECONDS
        )
    elseif known ~= nil and clock_now() < known.asked_at + (keys.cache_seconds + keys.stale_seconds) then
        return verdict_of(known.caller, now)
    end
    return nil, reason
end
local function check(self, credential, now)
    if not credentials_is_legal(credential) then
        return nil, "malformed"
    end
    local digest = credentials_digest_of(credential)
    if digest == nil then
        return nil, "unavailable"
    end
    local moment = clock_now()
    local known = self.known:get(digest)
    if known ~= nil then
        if moment < known.asked_at + self.cache_seconds then
            return verdict_of(known.caller, now)
        end
    else
        local ____until = self.unknown:get(digest)
        if ____until ~= nil and moment < ____until then
            return nil, "unknown_key"
        end
    end
    return ask(self, digest, known, now)
end
--- Whether this worker's last question to Redis was not answered.
local function status(self)
    return {failing = self.lookup.is_failing}
end
local metatable = {__index = {check = check, status = status}}
--- `path`: that of the table of options, for errors. Raises where the client cannot be made. Phases: init.
local function create(options, path, faults)
    local redis = redis_client_new(options, path, "redis", MOST_IDLE_CONNECTIONS)
    local fields = {
        name = "api_key",
        lookup = lookups_new(redis, faults, options.prefix, options.timeout_seconds),
        cache_seconds = options.cache_seconds,
        stale_seconds = options.on_error == "stale" and options.stale_seconds or 0,
        known = lru_cache_new(MOST_KNOWN),
        unknown = lru_cache_new(MOST_UNKNOWN)
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
