/** Types that the parts of the tier share. */
import type { Faults } from "../../core/metrics/fault";
import type { Link } from "../../redis_client/link";
import type { Outage } from "../../redis_client/outage";
import type { Figures } from "./figures";
import type { Writer } from "./writer";

/** The answers of one route in Redis. */
export interface RedisTier {
    readonly link: Link;
    readonly writer: Writer;
    readonly faults: Faults;
    readonly figures: Figures;
    /** What the log says when Redis fails. */
    readonly outage: Outage;
    readonly prefix: string;
    readonly max_bytes: number;
    readonly timeout_seconds: number;
}
