/** A gateway that writes all that can be written of each request, and what it has written. */
import { chmod, mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { eventually } from "./eventually";
import { balancedUpstream, NativeNginx } from "./native_nginx";

export interface LoggingOptions {
    /** The name of the route for all requests ("work"). */
    route?: string;
    /** Where the upstream's nodes are. */
    nodes: string[];
    /** Options of the slow log; every request is slow without. */
    slow?: string;
    /** More options of the route, in Lua. */
    ofRoute?: string;
    /** More directives. */
    http?: string;
    server?: string;
    location?: string;
}

/** So few seconds are less than any request takes. */
const ALL_ARE_SLOW = "slow_seconds = 0.0001, slow_lines_per_minute = 1000000,";

/** Its logs are access.log, access.json, slow.log and records/all; received.log has the ids that it was sent. */
export async function startLoggingGateway(options: LoggingOptions): Promise<NativeNginx> {
    const { route = "work", slow = ALL_ARE_SLOW } = options;
    const gateway = await NativeNginx.start({
        http: `
            include openclaw.conf;
            ${options.http ?? ""}
            init_by_lua_block {
                require("resty.openclaw").setup {
                    upstreams = { next = { nodes = { ${options.nodes.map((node) => `"${node}"`).join(", ")} } } },
                    routes = { ${route} = { upstream = "next", ${options.ofRoute ?? ""} } },
                    log = {
                        ${slow}
                        batch_seconds = 0.01,
                        sinks = { { type = "file", path = ngx.config.prefix() .. "records/all" } },
                    },
                }
            }
            log_format received '$http_x_request_id|$http_traceparent|$http_tracestate';
            ${balancedUpstream("next", "keepalive 8;")}`,
        server: `
            include errors.conf;
            include proxy.conf;
            access_log access.log openclaw_log;
            access_log access.json openclaw_json;
            access_log slow.log openclaw_slow if=$openclaw_slow;
            access_log received.log received;
            location / {
                set $openclaw_route ${route};
                include route.conf;
                ${options.location ?? ""}
                proxy_pass http://next;
            }
            location = /missing { return 404; }
            location = /metrics { access_log off; content_by_lua_block { require("resty.openclaw").metrics_page() } }
            ${options.server ?? ""}`,
    });
    await mkdir(path.join(gateway.prefix, "records"));
    // Workers write there, whoever they run as.
    await chmod(path.join(gateway.prefix, "records"), 0o777);
    return gateway;
}

/** The lines of a file of the gateway so far; those that are not UTF-8 throw. */
export async function linesOf(gateway: NativeNginx, file: string): Promise<string[]> {
    const bytes = await readFile(path.join(gateway.prefix, file));
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.split("\n").slice(0, -1);
}

/** The line of the request to this address, as soon as it is there. */
export function lineOf(gateway: NativeNginx, file: string, address: string): Promise<string> {
    return eventually(`${file} has ${address}`, async () => {
        const lines = await linesOf(gateway, file);
        return lines.find((line) => [`${address}?`, `${address} `, `${address}"`].some((end) => line.includes(end)));
    });
}
