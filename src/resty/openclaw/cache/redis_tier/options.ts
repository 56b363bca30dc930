/** The options of answers in Redis. */
import type { Kind } from "../../config/kinds";
import * as kinds from "../../config/kinds";
import type { Values } from "../../config/schema";
import { joined, option } from "../../config/schema";
import * as redis_client from "../../redis_client";

/** No answer in Redis has a longer body, whatever gateway has written it. */
export const MOST_BODY_BYTES = 1024 * 1024;

const OWN_SCHEMA = {
    prefix: option(kinds.text, "openclaw:cache:", "begins the names of all keys in Redis"),
    max_bytes: option(
        kinds.whole(1, MOST_BODY_BYTES),
        MOST_BODY_BYTES,
        "maximum length of the body of an answer that is written to Redis",
    ),
};

/** A request waits for the answer, which a node may give as well, so the timeout is short. */
export const SCHEMA = joined(joined(OWN_SCHEMA, redis_client.SCHEMA), {
    timeout_seconds: option(
        kinds.positive,
        0.005,
        "how long a request waits for Redis, the connection included; longer with TLS, or over a slow network",
    ),
});

export type Options = Values<typeof SCHEMA>;

/** The option `redis`. */
export const KIND: Kind<Options> = redis_client.kind_of(SCHEMA);
