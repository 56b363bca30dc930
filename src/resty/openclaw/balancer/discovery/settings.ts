/** The option `dns` of an upstream, and the DNS library. */
import type { Kind } from "../../config/kinds";
import * as kinds from "../../config/kinds";
import * as problem from "../../config/problems";
import type { Values } from "../../config/schema";
import * as schemas from "../../config/schema";
import { computed, option } from "../../config/schema";
import type { Asking } from "../../core/dns/question";
import * as dns_servers from "../../core/dns/servers";

export interface Settings extends Asking {
    readonly least_seconds: number;
    readonly most_seconds: number;
    readonly ipv6: boolean;
}

export const SCHEMA = {
    servers: computed(
        dns_servers.SERVERS,
        `those of \`${dns_servers.RESOLV_CONF}\`, read when nginx starts or reloads`,
        'at most 8: `"10.0.0.2"`, `"10.0.0.2:5353"`, `"fd00::2"` or `"[fd00::2]:5353"`',
    ),
    timeout: option(kinds.positive, 2, "timeout of a query in seconds"),
    attempts: option(kinds.whole(1), 2, "maximum number of queries per look-up, each to the next server"),
    least_seconds: option(kinds.positive, 1, "minimum seconds for which a result is used, whatever its TTL"),
    most_seconds: option(kinds.positive, 3600, "maximum seconds for which a result is used; `least_seconds` or more"),
    ipv6: option(kinds.flag, true, "whether to ask for AAAA records too"),
};

export type Options = Values<typeof SCHEMA>;

/** The option `dns` of an upstream. */
export const DNS: Kind<Options> = {
    name: "table",
    read: (given, path, problems) => {
        const options = schemas.read(SCHEMA, given, path, problems);
        if (options === undefined) return undefined!;
        const { least_seconds, most_seconds } = options;
        if (most_seconds < least_seconds) {
            const expected = `at least least_seconds (${least_seconds})`;
            problem.add(problems, `${path}.most_seconds`, expected, most_seconds);
        }
        return options;
    },
};

/**
 * The settings. Raises if there are names, but no library or no server. Phases: init.
 * @param path that of the upstream
 * @param has_names whether there are names to look up
 */
export function settings_of(options: Options, path: string, has_names: boolean): Settings {
    return {
        library: has_names ? dns_servers.library_of(path, "names of nodes") : undefined,
        servers: options.servers ?? (has_names ? dns_servers.from_file(`${problem.child(path, "dns")}.servers`) : []),
        timeout_ms: math.ceil(options.timeout * 1000),
        attempts: options.attempts,
        least_seconds: options.least_seconds,
        most_seconds: options.most_seconds,
        ipv6: options.ipv6,
    };
}
