/** A gateway with a route whose images are converted, and a node that keeps what it gets. */
import { readdir, readFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { NativeNginx, packagedConf } from "./native_nginx";

export interface Seen {
    url: string;
    headers: http.IncomingHttpHeaders;
    body: Buffer;
}

/** A node that keeps all requests. */
export class KeepingNode {
    readonly seen: Seen[] = [];
    private constructor(private readonly server: http.Server) {}

    static async start(): Promise<KeepingNode> {
        const server = http.createServer();
        const node = new KeepingNode(server);
        server.on("request", (request: http.IncomingMessage, response: http.ServerResponse) => {
            const chunks: Buffer[] = [];
            request.on("data", (chunk: Buffer) => chunks.push(chunk));
            request.on("end", () => {
                node.seen.push({ url: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks) });
                const result = '{"label":"crawfish"}';
                const length = { "Content-Length": result.length };
                response.writeHead(200, { "Content-Type": "application/json", ...length }).end(result);
            });
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        onTestFinished(() => {
            server.closeAllConnections();
            server.close();
        });
        return node;
    }

    get port(): number {
        return (this.server.address() as AddressInfo).port;
    }

    last(): Seen {
        const last = this.seen.at(-1);
        if (last === undefined) throw new Error("the node has seen nothing");
        return last;
    }
}

export interface GatewayOptions {
    /** Options of `image`. */
    image?: string;
    /** Other plugins of the route `analyze`. */
    route?: string;
    /** Other routes. */
    routes?: string;
    workers?: number;
    main?: string;
    server?: string;
    http?: string;
    location?: string;
    /** In place of `10m`. */
    dictSize?: string;
}

/** Its location `/` has the route `analyze`. */
export async function startImageGateway(node: KeepingNode, options: GatewayOptions = {}): Promise<NativeNginx> {
    const names = ["openclaw", "errors", "proxy", "route", "cache", "image"];
    const gateway = await NativeNginx.start({
        workers: options.workers ?? 2,
        main: `thread_pool default threads=4; ${options.main ?? ""}`,
        http: `
            include openclaw.conf;
            init_by_lua_block {
                require("resty.openclaw").setup {
                    upstreams = { cluster = { nodes = { "127.0.0.1:${node.port}" } } },
                    routes = {
                        analyze = { upstream = "cluster", image = { ${options.image ?? ""} }, ${options.route ?? ""} },
                        ${options.routes ?? ""}
                    },
                }
            }
            proxy_cache_path run/cache keys_zone=answers:1m;
            upstream cluster {
                server 0.0.0.1;
                balancer_by_lua_block { require("resty.openclaw").balance("cluster") }
                keepalive 8;
            }
            ${options.http ?? ""}
        `,
        server: `
            include errors.conf;
            include proxy.conf;
            client_max_body_size 100m;
            client_body_buffer_size 64k;
            location / {
                set $openclaw_route analyze;
                include route.conf;
                ${options.location ?? ""}
                proxy_pass http://cluster;
            }
            location = /metrics {
                access_by_lua_block { require("resty.openclaw").metrics_access() }
                content_by_lua_block { require("resty.openclaw").metrics_page() }
            }
            ${options.server ?? ""}
        `,
        files: Object.fromEntries(names.map((name) => [`${name}.conf`, packagedConf(name)])),
    });
    onTestFinished(() => gateway.stop());
    return gateway;
}

export interface Answer {
    status: number;
    headers: Headers;
    text: string;
    code: string | undefined;
}

/** Posts a body; resolves with the response. */
export async function post(
    gateway: NativeNginx,
    body: BodyInit | Buffer,
    headers: Record<string, string> = {},
    target = "/api/analyze",
): Promise<Answer> {
    const response = await fetch(gateway.url(target), { method: "POST", body: body as BodyInit, headers });
    const text = await response.text();
    const json = /^\{/.test(text) ? (JSON.parse(text) as { error?: { code: string } }) : {};
    return { status: response.status, headers: response.headers, text, code: json.error?.code };
}

/** The value of a series, 0 if the page does not have it. */
export async function metric(gateway: NativeNginx, series: string): Promise<number> {
    const page = await gateway.get("/metrics");
    const line = page.split("\n").find((one) => one.startsWith(`${series} `));
    return Number(line?.split(" ")[1] ?? 0);
}

/** How many conversions of the route run. */
export function running(gateway: NativeNginx, route = "analyze"): Promise<number> {
    return metric(gateway, `openclaw_image_running{route="${route}"}`);
}

/** How many requests of the route wait. */
export function waiting(gateway: NativeNginx, route = "analyze"): Promise<number> {
    return metric(gateway, `openclaw_image_waiting{route="${route}"}`);
}

export interface Helper {
    pid: number;
    /** Where it listens. */
    folder: string;
}

/** The helper processes that the workers of a gateway have started. */
export async function helpersOf(gateway: NativeNginx): Promise<Helper[]> {
    const workers = [...(await gateway.workerPids()), ...(await gateway.drainingPids())];
    const found: Helper[] = [];
    for (const name of await readdir("/proc")) {
        const line = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
        const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
        const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        const folder = /\/tmp\/openclaw-image-\w+/.exec(line)?.[0];
        if (workers.includes(parent) && folder !== undefined) found.push({ pid: Number(name), folder });
    }
    return found;
}
