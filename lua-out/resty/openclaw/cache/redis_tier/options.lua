local ____exports = {}
local type = type
local kinds = require("resty.openclaw.config.kinds")
local kinds_whole = kinds.whole
local ____schema = require("resty.openclaw.config.schema")
local joined = ____schema.joined
local option = ____schema.option
local table_of = ____schema.table_of
local redis_client = require("resty.openclaw.redis_client")
local redis_client_SCHEMA = redis_client.SCHEMA
local redis_client_check = redis_client.check
--- No answer in Redis has a longer body, whatever gateway has written it.
local MOST_BODY_BYTES = 1024 * 1024
____exports.MOST_BODY_BYTES = MOST_BODY_BYTES
local OWN_SCHEMA = {
    prefix = option(kinds.text, "openclaw:cache:", "begins the names of all keys in Redis"),
    max_bytes = option(
        kinds_whole(1, MOST_BODY_BYTES),
        MOST_BODY_BYTES,
        "maximum length of the body of an answer that is written to Redis"
    )
}
--- A request waits for the answer, which a node may give as well, so the timeout is short.
local SCHEMA = joined(
    joined(OWN_SCHEMA, redis_client_SCHEMA),
    {timeout_seconds = option(kinds.positive, 0.005, "how long a request waits for Redis, the connection included; longer with TLS, or over a slow network")}
)
____exports.SCHEMA = SCHEMA
local TABLE = table_of(SCHEMA)
--- The option `redis`, with what contradicts each other.
local KIND = {
    name = TABLE.name,
    schema = SCHEMA,
    read = function(given, path, problems)
        if type(given) == "table" then
            redis_client_check(given, path, problems)
        end
        return TABLE.read(given, path, problems)
    end
}
____exports.KIND = KIND
return ____exports
