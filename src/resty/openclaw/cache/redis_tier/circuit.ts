/** Whether Redis is asked: after a question without an answer no request asks, until a timer's question is answered in time. */
import * as redis_client from "../../redis_client";
import * as links from "../../redis_client/link";
import * as outages from "../../redis_client/outage";
import type { RedisTier } from "./model";
import * as scripts from "./scripts";
import * as values from "./value";

/** A timer's first question may take longer than a request's: it may need a new connection, which a request then uses. */
const CONNECTION_SECONDS = 1;

/** Reports why an answer was neither read nor written; whether the log says so. Phases: any. */
export function report({ faults, outage, link }: RedisTier, err: string): boolean {
    return links.report(faults, outages.sentence(outage, err, link.routes));
}

/** Redis has not answered. Phases: any. */
export function fail(tier: RedisTier, err: string): void {
    links.fail(tier.link, report(tier, err));
}

/** Reads the value of a key. Phases: those that may yield; `seconds` at most. */
export function ask(tier: RedisTier, key: string, seconds: number): redis_client.Answer {
    const { link, prefix } = tier;
    const most = tostring(values.MOST_BYTES);
    return redis_client.ask_within(
        link.redis,
        seconds,
        values.MOST_BYTES,
        "eval",
        scripts.READ,
        "1",
        prefix + key,
        most,
    );
}

function probe(this: void, tier: RedisTier): void {
    const [first, first_err] = ask(tier, "", CONNECTION_SECONDS);
    if (first === undefined) return fail(tier, first_err!);
    const [reply, err] = ask(tier, "", tier.timeout_seconds);
    if (reply === undefined) return fail(tier, err!);
    links.recover(tier.link, tier.faults.plugin, outages.last_sentence(tier.outage));
}

/** Whether Redis may be asked now. If it may not, a timer asks it. Phases: any with a request or a timer; does not yield. */
export function is_closed(tier: RedisTier): boolean {
    return links.may_ask(tier, probe, CONNECTION_SECONDS + tier.timeout_seconds, tier.outage.address);
}

/**
 * Whether answers may be taken from Redis and written there at that moment: it replies, and all purges of other gateways are known. Phases: as
 * `is_closed`.
 */
export function is_usable(tier: RedisTier, now: MonotonicTime): boolean {
    const { known_until } = tier;
    return (known_until === undefined || now < known_until.get(0)) && is_closed(tier);
}
