/** A gateway at the edge: what its centre does not answer it answers from its cache, or keeps. */
import { chmod, rm } from "node:fs/promises";
import { freePort } from "./free_port";
import { balancedUpstream, makePrefix, NativeNginx } from "./native_nginx";
import { parseMetrics } from "./scenario";

export interface EdgeOptions {
    /** Where the upstream's nodes are. */
    nodes: string[];
    /** More options of the edge, in Lua; of the upstream; and of the route. */
    ofEdge?: string;
    ofUpstream?: string;
    ofRoute?: string;
    /** More routes, in Lua. */
    routes?: string;
    /** Whether bodies are digested (true). */
    digest?: boolean;
    /** More directives. */
    main?: string;
    http?: string;
    server?: string;
    location?: string;
    /** What says how to cache, and by which key ("include cache.conf;"). */
    cache?: string;
    /** How many workers (2). */
    workers?: number;
    /** More files to include, by their path below the prefix. */
    files?: Record<string, string>;
}

export class EdgeGateway {
    private constructor(
        readonly nginx: NativeNginx,
        readonly folder: string,
    ) {}

    /**
     * Its location /api/ caches for a second, by address and body; /plain/ does not cache. Jobs are
     * kept below `folder`.
     */
    static async start(options: EdgeOptions): Promise<EdgeGateway> {
        const folder = await makePrefix();
        // Workers write there, whoever they run as.
        await chmod(folder, 0o777);
        const through = await freePort();
        const nodes = options.nodes.map((node) => `"${node}"`).join(", ");
        const nginx = await NativeNginx.start({
            workers: options.workers ?? 2,
            ...(options.main === undefined ? {} : { main: options.main }),
            http: `
                include openclaw.conf;
                lua_socket_log_errors off;
                init_by_lua_block {
                    require("resty.openclaw").setup {
                        upstreams = { centre = { nodes = { ${nodes} }, ${options.ofUpstream ?? ""} } },
                        routes = {
                            work = {
                                upstream = "centre",
                                ${options.digest === false ? "" : 'body_digest = { algorithm = "md5" },'}
                                ${options.ofRoute ?? ""}
                                edge = {
                                    store = "${folder}/jobs",
                                    through = "http://127.0.0.1:${through}",
                                    probe_seconds = 0.2,
                                    ${options.ofEdge ?? ""}
                                },
                            },
                            other = { upstream = "centre" },
                            ${options.routes ?? ""}
                        },
                    }
                }
                proxy_cache_path run/cache keys_zone=edge:1m use_temp_path=off;
                ${balancedUpstream("centre", "keepalive 8;")}
                ${options.http ?? ""}`,
            server: `
                listen 127.0.0.1:${through};
                client_max_body_size 20m;
                include errors.conf;
                include proxy.conf;
                include edge.conf;
                include status.conf;
                include metrics.conf;
                include admin.conf;
                location /api/ {
                    set $openclaw_route work;
                    include route.conf;
                    include edge_route.conf;
                    proxy_cache edge;
                    proxy_cache_valid 200 1s;
                    ${options.cache ?? "include cache.conf;"}
                    ${options.location ?? ""}
                    proxy_pass http://centre;
                }
                location /plain/ {
                    set $openclaw_route work;
                    include route.conf;
                    include edge_route.conf;
                    ${options.location ?? ""}
                    proxy_pass http://centre;
                }
                location /other/ {
                    set $openclaw_route other;
                    include route.conf;
                    include edge_route.conf;
                    proxy_pass http://centre;
                }
                location /no_route/ { proxy_pass http://centre; }
                ${options.server ?? ""}`,
            files: options.files ?? {},
        });
        return new EdgeGateway(nginx, folder);
    }

    url(pathAndQuery: string): string {
        return this.nginx.url(pathAndQuery);
    }

    /** What the metrics page says now. */
    async metrics(): Promise<Map<string, number>> {
        return parseMetrics(await this.nginx.get("/metrics/openclaw"));
    }

    /** Whether the link is up, as the metrics page says. */
    async isUp(): Promise<boolean> {
        return (await this.metrics()).get('openclaw_edge_link_up{route="work"}') === 1;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.nginx.stop();
        await rm(this.folder, { recursive: true, force: true });
    }
}
