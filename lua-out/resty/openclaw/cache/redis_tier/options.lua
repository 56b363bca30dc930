local ____exports = {}
local kinds = require("resty.openclaw.config.kinds")
local kinds_whole = kinds.whole
local ____schema = require("resty.openclaw.config.schema")
local joined = ____schema.joined
local option = ____schema.option
local redis_client = require("resty.openclaw.redis_client")
local redis_client_SCHEMA = redis_client.SCHEMA
local redis_client_kind_of = redis_client.kind_of
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
--- The option `redis`.
local KIND = redis_client_kind_of(SCHEMA)
____exports.KIND = KIND
return ____exports
