/** The plugins that a route has by default: they count requests, record them, and log slow ones. */
import * as kinds from "../config/kinds";
import { computed, option, table_of } from "../config/schema";
import type { Metrics } from "../metrics";
import type { PostAction } from "../post_action";
import * as slow_log from "../slow_log";
import type { Placed } from "./composition";
import * as composition from "./composition";
import type { AnyDeclaration, Declaration, Plugin } from "./contract";
import type { SlowOptions } from "./logs";

function metrics_of(metrics: Metrics): Declaration<boolean, Plugin> {
    return {
        name: "metrics",
        order: { header_filter: 300, log: 300 },
        option: option(kinds.flag, true, "count the route's requests"),
        variables: { openclaw_variant: "" },
        create: (is_wanted, { route }) => (is_wanted ? metrics.recorder(route) : undefined),
    };
}

/** All sinks of `log` as one plugin: a chain, because LuaJIT does not compile short loops well. */
function all_of(logs: readonly PostAction[], route: string): Plugin {
    const placed: Placed[] = [];
    for (const plugin of logs) placed.push({ plugin, order: {} });
    const chain = composition.chain(composition.steps(placed, "log"), route);
    return {
        log(): void {
            chain();
        },
    };
}

function record_to(logs: readonly PostAction[]): Declaration<boolean, Plugin> {
    return {
        name: "record",
        order: { log: 400 },
        option: option(kinds.flag, true, "send a record of each request to every sink of `log`"),
        variables: {},
        create: (is_wanted, { route }) => {
            if (!is_wanted || logs.length === 0) return undefined;
            return logs.length === 1 ? logs[0] : all_of(logs, route);
        },
    };
}

function slow_log_as(slow: SlowOptions): AnyDeclaration {
    const schema = { seconds: option(kinds.positive, slow.seconds, "minimum duration of a slow request, in seconds") };
    return {
        name: "slow_log",
        order: { log: 500 },
        option: computed(
            kinds.false_or(table_of(schema)),
            "as `log` says",
            "`false`: no [slow log](slow_log.md); `{ seconds = 60 }`: other seconds than in `log`",
        ),
        variables: { openclaw_slow: "" },
        create: (given, context) => {
            if (given === false) return undefined;
            const { seconds } = (given ?? slow) as { seconds: number };
            const { lines_per_minute } = slow;
            return slow_log.create({ seconds, lines_per_minute, dict: "openclaw" }, context);
        },
    };
}

/** The declarations of these plugins, with the objects that all routes share. Phases: init. */
export function declarations(metrics: Metrics, logs: readonly PostAction[], slow: SlowOptions): AnyDeclaration[] {
    return [metrics_of(metrics) as AnyDeclaration, record_to(logs) as AnyDeclaration, slow_log_as(slow)];
}
