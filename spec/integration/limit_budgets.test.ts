/** Budgets of tokens in requests that take unusual ways. */
import { chmod } from "node:fs/promises";
import http2 from "node:http2";
import net from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import { balancedUpstream, makePrefix, NativeNginx } from "./support/native_nginx";

/** What a request may cost: 20 bytes of prompt, and the maximum of its answer. */
const BODY = '{"max_tokens":95}   ';
const COST = 100;
/** What it uses. */
const USED = 15;

interface Options {
    limit?: string;
    /** More options of the route. */
    ofRoute?: string;
    routes?: string;
    http?: string;
    server?: string;
    location?: string;
}

/**
 * A gateway with a budget of 1000 tokens a day in its route `chat`. The node waits X-Seconds and answers with 15 tokens of usage, or with
 * what X-Usage says, and the status X-Status. The route `plain` has no budget.
 */
class Budget {
    private constructor(
        readonly nginx: NativeNginx,
        readonly http2Port: number,
    ) {}

    static async start(options: Options = {}): Promise<Budget> {
        const [node, http2Port] = [await freePort(), await freePort()];
        const nginx = await NativeNginx.start({
            workers: 2,
            http: `
                include openclaw.conf;
                lua_socket_log_errors off;
                proxy_cache_path run/cache keys_zone=answers:1m use_temp_path=off;
                init_by_lua_block {
                    require("resty.openclaw").setup {
                        upstreams = { models = { nodes = { "127.0.0.1:${node}" } } },
                        routes = {
                            chat = {
                                upstream = "models", inference = {},
                                limit = { ${options.limit ?? '{ by = "route", tokens = 1000, answer_tokens = 95, per = "day" }'} },
                                ${options.ofRoute ?? ""}
                            },
                            plain = { upstream = "models" },
                            read = { upstream = "models", inference = {} },
                            ${options.routes ?? ""}
                        },
                    }
                }
                ${balancedUpstream("models")}
                server {
                    listen 127.0.0.1:${node};
                    default_type application/json;
                    location / {
                        content_by_lua_block {
                            local headers = ngx.req.get_headers()
                            ngx.sleep(tonumber(headers["X-Seconds"]) or 0)
                            if ngx.var.uri ~= "/elsewhere" then
                                ngx.status = ngx.shared.openclaw_limit:get("status of the node") or tonumber(headers["X-Status"]) or 200
                                ngx.header["X-Accel-Redirect"] = headers["X-Leads-To"]
                            end
                            local usage = headers["X-Usage"] or '"prompt_tokens":10,"completion_tokens":5'
                            ngx.say('{"object":"chat.completion","model":"m","choices":[],"usage":{' .. usage .. '}}')
                        }
                        log_by_lua_block { }
                    }
                }
                ${options.http ?? ""}`,
            server: `
                listen 127.0.0.1:${http2Port} http2;
                include errors.conf;
                include proxy.conf;
                include metrics.conf;
                include admin.conf;
                location = /chat {
                    set $openclaw_route chat;
                    include route.conf;
                    include inference.conf;
                    ${options.location ?? ""}
                    proxy_pass http://models;
                }
                location @plain {
                    set $openclaw_route plain;
                    include route.conf;
                    rewrite ^ /elsewhere break;
                    proxy_pass http://models;
                }
                location @read {
                    set $openclaw_route read;
                    include route.conf;
                    include inference.conf;
                    rewrite ^ /elsewhere break;
                    proxy_pass http://models;
                }
                location @none { return 200 "none"; }
                location = /file { internal; set $openclaw_route plain; include route.conf; return 200 "file"; }
                location = /fail { content_by_lua_block { ngx.shared.openclaw_limit:set("status of the node", tonumber(ngx.var.arg_with)) ngx.print("") } }
                location = /level {
                    content_by_lua_block {
                        local level = require("resty.openclaw.limit.bucket").level
                        local now = require("resty.openclaw.core.time.clock").now()
                        local found = {}
                        for _, key in ipairs(ngx.shared.openclaw_limit:get_keys(0)) do
                            if key:find("^chat\\n") then
                                found[key] = math.floor(level(ngx.shared.openclaw_limit, key, now) / 86.4 + 0.5)
                            end
                        end
                        ngx.print(require("cjson").encode(found))
                    }
                }
                ${options.server ?? ""}`,
        });
        onTestFinished(() => nginx.stop());
        return new Budget(nginx, http2Port);
    }

    /** The status of a request, on a connection of its own. */
    async ask(headers: Record<string, string> = {}, target = "/chat", body: string | null = BODY): Promise<number> {
        const answer = await fetch(this.nginx.url(target), {
            method: body === null ? "GET" : "POST",
            body,
            headers: { Connection: "close", "Content-Type": "application/json", ...headers },
        });
        await answer.arrayBuffer();
        return answer.status;
    }

    /** Tokens in all buckets of the route. */
    async level(): Promise<number> {
        const found = JSON.parse(await this.nginx.get("/level")) as Record<string, number>;
        return Object.values(found).reduce((sum, tokens) => sum + tokens, 0);
    }

    async used(tokens: number): Promise<void> {
        let seen: number | undefined;
        await eventually(`${tokens} tokens are used`, async () => (seen = await this.level()) === tokens, 5000).catch(
            () => {
                throw new Error(`${seen} tokens are used, not ${tokens}`);
            },
        );
    }
}

/** A request over HTTP/2 that is reset once `until` says so. */
async function reset(budget: Budget, headers: http2.OutgoingHttpHeaders, until: () => Promise<boolean>): Promise<void> {
    const session = http2.connect(`http://127.0.0.1:${budget.http2Port}`);
    session.on("error", () => undefined);
    const stream = session.request({
        ":path": "/chat",
        ":method": "POST",
        "content-type": "application/json",
        ...headers,
    });
    stream.on("error", () => undefined).resume();
    stream.end(BODY);
    await eventually("the moment", until, 5000);
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await eventually("the stream is closed", () => stream.closed, 5000);
    session.destroy();
}

/** What a client sends as it is; the answer's first line. */
function raw(budget: Budget, text: string): Promise<string> {
    return new Promise((resolve, reject) => {
        const socket = net.connect(budget.nginx.port, "127.0.0.1", () => socket.write(text));
        let answer = "";
        socket.on("data", (chunk) => (answer += String(chunk)));
        socket.on("error", reject);
        socket.on("close", () => resolve(answer.split("\r\n")[0] ?? ""));
    });
}

async function usedAfter(
    budget: Budget,
    headers: Record<string, string>,
    status: number,
    tokens: number,
): Promise<void> {
    const before = await budget.level();
    expect(await budget.ask(headers)).toBe(status);
    await budget.used(before + tokens);
}

test("an internal redirect to a route without a budget settles what was reserved", async () => {
    for (const [location, headers, tokens] of [
        ["error_page 502 = @plain; proxy_intercept_errors on;", { "X-Status": "502" }, COST],
        ["error_page 502 = @read; proxy_intercept_errors on;", { "X-Status": "502" }, USED],
        ["error_page 502 = @none; proxy_intercept_errors on;", { "X-Status": "502" }, 0],
        // Nobody has read what the node says of its tokens.
        ["proxy_ignore_headers Vary;", { "X-Leads-To": "@none" }, COST],
        ["proxy_ignore_headers Vary;", { "X-Leads-To": "/file" }, 0],
        ['content_by_lua_block { ngx.exec("@read") }', {}, USED],
        ['content_by_lua_block { ngx.exec("/file") }', {}, 0],
    ] as [string, Record<string, string>, number][]) {
        const isOwnContent = location.startsWith("content");
        const budget = await Budget.start(
            isOwnContent
                ? {
                      server: `location = /exec { set $openclaw_route chat; include route.conf; include inference.conf; ${location} }`,
                  }
                : { location },
        );
        const before = await budget.level();
        expect(await budget.ask(headers, isOwnContent ? "/exec" : "/chat"), location).toBe(200);
        await budget.used(before + tokens).catch((error: unknown) => {
            throw new Error(`${location} ${JSON.stringify(headers)}: ${String(error)}`);
        });
        await budget.nginx.stop();
    }
});

test("bodies of all kinds are read, and requests without one cost what they use", async () => {
    const budget = await Budget.start();
    const chunked = "14\r\n" + BODY + "\r\n0\r\n\r\n";
    const head = "HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    expect(await raw(budget, `POST /chat ${head}Transfer-Encoding: chunked\r\n\r\n${chunked}`)).toContain("200");
    await budget.used(15);
    for (const method of ["GET", "HEAD"]) {
        expect(await raw(budget, `${method} /chat ${head}\r\n`)).toContain("200");
        await budget.used(15);
    }
    await reset(budget, {}, async () => (await budget.level()) === 30);
    // A client that leaves in the middle of its body: nothing is reserved.
    const socket = net.connect(budget.nginx.port, "127.0.0.1");
    socket.write(`POST /chat ${head}Content-Length: 1000\r\n\r\n${BODY}`);
    await budget.used(30);
    socket.destroy();
    await budget.used(30);
    expect(await raw(budget, `POST /chat ${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`)).toContain("400");
    await budget.used(30);
    // The client leaves while the node works: the prompt counts.
    await reset(budget, { "x-seconds": "2" }, async () => (await budget.level()) === 30 + COST);
    await budget.used(30 + 5);
});

test("what a hostile node says of its tokens does no harm", async () => {
    const budget = await Budget.start();
    for (const [usage, tokens] of [
        ['"prompt_tokens":-500,"completion_tokens":-500', COST],
        ['"prompt_tokens":1e-300,"completion_tokens":5', 10],
        ['"prompt_tokens":1e999,"completion_tokens":1e999', COST],
        ['"prompt_tokens":NaN,"completion_tokens":-0', 5],
        ['"prompt_tokens":"10","completion_tokens":"5"', COST],
        ['"prompt_tokens":0,"completion_tokens":0', 0],
    ] as [string, number][]) {
        const before = await budget.level();
        expect(await budget.ask({ "X-Usage": usage })).toBe(200);
        await budget.used(before + tokens);
    }
    await usedAfter(budget, { "X-Status": "500" }, 500, 0);
    await usedAfter(budget, { "X-Usage": '"prompt_tokens":1000000000,"completion_tokens":1000000000' }, 200, 2e9);
    expect(await budget.ask()).toBe(429);
});

test("answers of the cache cost nothing, also while it asks anew in the background", async () => {
    const budget = await Budget.start({
        location: `
            proxy_buffering on;
            proxy_cache answers;
            proxy_cache_methods GET POST;
            proxy_cache_key $request_uri;
            proxy_cache_valid 200 1s;
            proxy_cache_use_stale updating error http_500;
            proxy_cache_background_update on;
            add_header X-Cache $upstream_cache_status;`,
    });
    const seen = new Set<string>();
    const ask = async (headers: Record<string, string> = {}) => {
        const answer = await fetch(budget.nginx.url("/chat"), { method: "POST", body: BODY, headers });
        await answer.arrayBuffer();
        expect(answer.status).toBe(200);
        seen.add(String(answer.headers.get("x-cache")));
    };
    await ask();
    await budget.used(15);
    await ask();
    await eventually("the cache asks in the background", async () => {
        await Promise.all([ask({ "X-Seconds": "0.3" }), ask({ "X-Seconds": "0.3" })]);
        return seen.has("STALE") && seen.has("UPDATING");
    });
    await eventually("the node fails", async () => {
        await ask({ "X-Status": "500" });
        return seen.has("STALE");
    });
    expect([...seen].sort()).toEqual(["HIT", "MISS", "STALE", "UPDATING"]);
    await budget.used(15);
});

test("a request that edge has stored costs what it reserved, its delivery nothing", async () => {
    const folder = await makePrefix();
    await chmod(folder, 0o777);
    const through = await freePort();
    const budget = await Budget.start({
        ofRoute: `edge = { store = "${folder}/jobs", through = "http://127.0.0.1:${through}", probe_seconds = 0.2 },`,
        server: `listen 127.0.0.1:${through}; include edge.conf;`,
        location: "include edge_route.conf; proxy_intercept_errors on;",
    });
    await budget.nginx.get("/fail?with=502");
    expect(await budget.ask()).toBe(202);
    await budget.used(COST);
    await budget.nginx.get("/fail");
    await eventually("it is delivered", async () => {
        const metrics = await budget.nginx.get("/metrics/openclaw");
        return metrics.includes('openclaw_edge_jobs_total{route="chat",result="delivered"} 1');
    });
    await budget.used(COST);
});

test("a reservation outlives a reload with another budget, and a change by an operator, and settles where it was made", async () => {
    const budget = await Budget.start();
    const limit = budget.nginx.url("/openclaw/limits/chat/route_tokens");
    const slow = [budget.ask({ "X-Seconds": "4" })];
    await budget.used(COST);
    await fetch(limit, { method: "PUT", body: '{"tokens":2000}', headers: { "Content-Type": "application/json" } });
    slow.push(budget.ask({ "X-Seconds": "3" }));
    await eventually(
        "both",
        async () => Object.values(JSON.parse(await budget.nginx.get("/level")) as object).length === 2,
    );
    const configuration = await budget.nginx.readConfiguration();
    await budget.nginx.write("nginx.conf", configuration.replace("tokens = 1000", "tokens = 500"));
    await budget.nginx.reload();
    slow.push(budget.ask({ "X-Seconds": "1" }));
    expect(await Promise.all(slow)).toEqual([200, 200, 200]);
    await eventually(
        "all are settled",
        async () => {
            const found = JSON.parse(await budget.nginx.get("/level")) as Record<string, number>;
            return Object.values(found).every((tokens) => tokens <= 30);
        },
        3000,
    );
    expect(await (await fetch(`${limit}/changes`, { method: "DELETE" })).json()).toMatchObject({ tokens: 500 });
});
