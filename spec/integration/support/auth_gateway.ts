import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { freePort } from "./free_port";
import { balancedUpstream, NativeNginx } from "./native_nginx";

/** What a node was sent. */
export interface Seen {
    url: string;
    /** In small letters, with all values of each. */
    headers: Record<string, string[]>;
}

export interface Answer {
    status: number;
    headers: http.IncomingHttpHeaders;
    /** The code of an error. */
    code: string | undefined;
    /** What the node was sent; nothing where no node was asked. */
    seen: Seen | undefined;
}

/** Names and values; a name may come several times. */
export type Headers = readonly (readonly [name: string, value: string])[];

function answerOf(status: number, headers: http.IncomingHttpHeaders, text: string): Answer {
    const body = text.startsWith("{") ? (JSON.parse(text) as { seen?: Seen; error?: { code: string } }) : {};
    return { status, headers, code: body.error?.code, seen: body.seen };
}

/** A node that tells what it was sent. */
function startNode(): Promise<http.Server> {
    const node = http.createServer((request, response) => {
        const headers: Record<string, string[]> = {};
        for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
            (headers[(request.rawHeaders[at] ?? "").toLowerCase()] ??= []).push(request.rawHeaders[at + 1] ?? "");
        }
        request.resume().on("end", () => {
            response.setHeader("Content-Type", "application/json");
            response.end(JSON.stringify({ seen: { url: request.url ?? "", headers } }));
        });
    });
    node.keepAliveTimeout = 60_000;
    return new Promise((resolve) => node.listen(0, "127.0.0.1", () => resolve(node)));
}

export interface Options {
    /** Options of the routes by their names, in Lua; `PREFIX` is nginx's prefix. */
    routes: Record<string, string>;
    workers?: number;
    http?: string;
    /** Directives of the routes' location. */
    location?: string;
    /** Lua that runs before `setup`. */
    before?: string;
    files?: Record<string, string>;
}

/** A gateway in whose route each path begins: a request for /route/… goes to the route "route". */
export class AuthGateway {
    private readonly agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

    private constructor(
        readonly nginx: NativeNginx,
        /** Where it speaks HTTP/2 without TLS. */
        readonly http2Port: number,
        private readonly node: http.Server,
    ) {}

    static async start({
        routes,
        workers = 2,
        http: more = "",
        location = "",
        before = "",
        files = {},
    }: Options): Promise<AuthGateway> {
        const node = await startNode();
        const http2Port = await freePort();
        const options = Object.entries(routes).map(
            ([name, text]) =>
                `${name} = { upstream = "cluster", ${text.replaceAll('"PREFIX', 'ngx.config.prefix() .. "')} },`,
        );
        const nginx = await NativeNginx.start({
            workers,
            http: `
                ${more}
                # nginx must not drop what may be another spelling of a header before the gateway can do so.
                underscores_in_headers on;
                include openclaw.conf;
                log_format who '$openclaw_identity|$openclaw_tenant|$openclaw_class|$status|$openclaw_rejection|$openclaw_request_id';
                init_by_lua_block {
                    ${before}
                    require("resty.openclaw").setup {
                        upstreams = { cluster = { nodes = { "127.0.0.1:${(node.address() as AddressInfo).port}" } } },
                        routes = { ${options.join("\n")} },
                    }
                }
                ${balancedUpstream("cluster", "keepalive 32;")}`,
            server: `
                listen 127.0.0.1:${http2Port} http2;
                access_log access.log who;
                include errors.conf;
                include proxy.conf;
                include status.conf;
                include admin.conf;
                include metrics.conf;
                location ~ ^/(?<first>[a-z_]+) {
                    set $openclaw_route $first;
                    include route.conf;
                    ${location}
                    proxy_pass http://cluster;
                }
                location = /leader/of { content_by_lua_block { ngx.print(ngx.shared.openclaw:get("leader:jwks " .. ngx.md5(ngx.unescape_uri(ngx.var.arg_url))) or "") } }`,
            files,
        }).catch((error: unknown) => {
            node.close();
            throw error;
        });
        return new AuthGateway(nginx, http2Port, node);
    }

    /** Asks on a kept connection, or a new one. Rejects where the connection is lost. */
    ask(target: string, headers: Headers = [], isNew = false): Promise<Answer> {
        return new Promise((resolve, reject) => {
            const sent = http.request(
                this.nginx.url(target),
                {
                    agent: isNew ? false : this.agent,
                    timeout: 20_000,
                    headers: [["Host", "gateway.test"], ...headers].flat() as unknown as http.OutgoingHttpHeaders,
                },
                (answer) => {
                    let text = "";
                    answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
                    answer.on("error", reject);
                    answer.on("end", () => resolve(answerOf(answer.statusCode ?? 0, answer.headers, text)));
                },
            );
            sent.on("timeout", () => sent.destroy(new Error("no answer in time")));
            sent.on("error", reject);
            sent.end();
        });
    }

    /** The same over HTTP/2, on a connection of its own. */
    ask2(target: string, headers: http2.OutgoingHttpHeaders = {}): Promise<Answer> {
        return new Promise((resolve, reject) => {
            const session = http2.connect(`http://127.0.0.1:${this.http2Port}`);
            session.on("error", reject);
            const stream = session.request({ ":path": target, ...headers });
            let [status, its, text] = [0, {} as http.IncomingHttpHeaders, ""];
            stream.on("response", (given) => {
                status = Number(given[":status"]);
                its = given as http.IncomingHttpHeaders;
            });
            stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
            stream.on("error", reject);
            stream.on("end", () => {
                session.close();
                resolve(answerOf(status, its, text));
            });
            stream.end();
        });
    }

    metrics(): Promise<string> {
        return this.nginx.get("/metrics/openclaw");
    }

    /** How often a route's requests had this result so far. */
    async count(route: string, method: string, result: string): Promise<number> {
        const name = `openclaw_auth_requests_total{route="${route}",method="${method}",result="${result}"} `;
        const line = (await this.metrics()).split("\n").find((one) => one.startsWith(name));
        if (line === undefined) throw new Error(`no metric ${name}`);
        return Number(line.slice(name.length));
    }

    async [Symbol.asyncDispose](): Promise<void> {
        this.agent.destroy();
        await this.nginx.stop();
        this.node.closeAllConnections();
        this.node.close();
    }
}

export function bearer(credential: string): [string, string] {
    return ["Authorization", `Bearer ${credential}`];
}
