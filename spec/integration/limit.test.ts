/** The plugin `limit` in a gateway with several workers. */
import { expect, onTestFinished, test } from "vitest";
import { AuthGateway } from "./support/auth_gateway";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import { balancedUpstream, NativeNginx } from "./support/native_nginx";
import { PacedLoad } from "./support/paced_load";

const WORKERS = 4;

async function start(limit: string): Promise<AuthGateway> {
    const gateway = await AuthGateway.start({ workers: WORKERS, routes: { work: `limit = { ${limit} }` } });
    onTestFinished(() => gateway[Symbol.asyncDispose]());
    return gateway;
}

/** How many of so many requests at once pass; each on a connection of its own, which any worker may take. */
async function passing(gateway: AuthGateway, count: number): Promise<number> {
    const answers = await Promise.all(Array.from({ length: count }, () => gateway.ask("/work", [], true)));
    const passed = answers.filter(({ status }) => status === 200).length;
    for (const { status, code } of answers) if (status !== 200) expect([status, code]).toEqual([429, "rate_limited"]);
    return passed;
}

test("parallel requests of all workers pass no more than the limit says, also after a reload and a crash", async () => {
    const gateway = await start('{ by = "route", rate = 1, per = "day", burst = 99 }');
    expect(await passing(gateway, 300)).toBe(100);
    await gateway.nginx.reload();
    expect(await passing(gateway, 20)).toBe(0);
    const before = await gateway.nginx.workerPids();
    for (const pid of before) process.kill(pid, "SIGKILL");
    await eventually("new workers", async () => {
        const pids = await gateway.nginx.workerPids();
        return pids.length === WORKERS && pids.every((pid) => !before.includes(pid));
    });
    expect(await passing(gateway, 20)).toBe(0);
    const metrics = await gateway.metrics();
    expect(metrics).toContain('openclaw_limit_requests_total{route="work",limit="route",result="ok"} 100');
    expect(metrics).toContain('openclaw_limit_requests_total{route="work",limit="route",result="refused"} 240');
});

test("a limit that an operator changes is in force in all workers at once, also after a reload", async () => {
    const gateway = await start('{ by = "route", rate = 1, per = "day", burst = 9 }');
    const limit = gateway.nginx.url("/openclaw/limits/work/route");
    const change = async (method: string, to: string, body: string | null = null) => {
        const answer = await fetch(to, { method, body, headers: { "Content-Type": "application/json" } });
        expect(answer.status).toBe(200);
        return (await answer.json()) as Record<string, unknown>;
    };
    expect(await passing(gateway, 60)).toBe(10);
    expect(await change("PUT", limit, '{"burst":29}')).toMatchObject({ rate: 1, burst: 29, changed: true });
    expect(await passing(gateway, 60)).toBe(30);
    await gateway.nginx.reload();
    expect(await gateway.nginx.errorLog()).toContain(
        'limit "route" of route "work" is 1 request per day, as an operator has set it, not as nginx.conf says',
    );
    expect(await passing(gateway, 20)).toBe(0);
    expect(await change("PUT", limit, '{"rate":2}')).toMatchObject({ rate: 2, burst: 29, changed: true });
    expect(await passing(gateway, 60)).toBe(30);
    expect(await change("DELETE", `${limit}/changes`)).toMatchObject({ rate: 1, burst: 9, changed: false });
    expect(await passing(gateway, 20)).toBe(0);
});

test("changes of limits under load fail no request, and each of them is in force as a whole", async () => {
    const gateway = await start('{ by = "$arg_caller", rate = 1000, burst = 1000 }');
    const limit = gateway.nginx.url("/openclaw/limits/work/arg_caller");
    const statuses = new Set<number>();
    let asked = 0;
    const load = new PacedLoad(100, async () => {
        asked += 1;
        statuses.add((await gateway.ask(`/work?caller=${asked % 20}`)).status);
    });
    const change = async (place: number) => {
        const body = JSON.stringify({ rate: 1000 + place, burst: 1000 + place });
        const answer = await fetch(limit, { method: "PUT", body, headers: { "Content-Type": "application/json" } });
        const { rate, burst } = (await answer.json()) as { rate: number; burst: number };
        expect([answer.status, rate]).toEqual([200, burst]);
    };
    for (let round = 0; round < 125; round += 1) {
        await Promise.all(Array.from({ length: 8 }, (_, place) => change(8 * round + place)));
    }
    await load.stop();
    expect(load.errors).toEqual([]);
    expect([...statuses]).toEqual([200]);
    expect(await gateway.nginx.errorLog()).not.toMatch(/\[(error|alert)\]/);
});

test("a burst after a silence is as large as the limit says", async () => {
    const rate = 20;
    const gateway = await start(`{ by = "route", rate = ${rate}, burst = 9 }`);
    for (let round = 0; round < 4; round += 1) {
        // More than the burst takes to leak.
        await new Promise((resolve) => setTimeout(resolve, 700));
        const began = performance.now();
        const passed = await passing(gateway, 60);
        const seconds = (performance.now() - began) / 1000;
        expect(passed).toBeGreaterThanOrEqual(10);
        expect(passed).toBeLessThanOrEqual(10 + Math.ceil(rate * seconds));
    }
});

test("callers are counted apart, and their number is bounded", async () => {
    const gateway = await start('{ by = "$arg_caller", rate = 1, per = "day" }');
    const callers = Array.from({ length: 2000 }, (_, place) => place);
    for (const caller of callers) {
        const { status } = await gateway.ask(`/work?caller=${"c".repeat(1000)}${caller}`);
        expect(status).toBe(200);
    }
    expect((await gateway.ask(`/work?caller=${"c".repeat(1000)}7`)).status).toBe(429);
    expect(await gateway.nginx.errorLog()).not.toContain("limit:");
});

test("bandwidth and limits go by the class that a map makes of the tenant", async () => {
    const gateway = await AuthGateway.start({
        routes: {
            work: `class = "$my_class", bandwidth = { vip = "1m", standard = "100" },
                limit = { { rate = 1, per = "day", class = { vip = { rate = 1, burst = 3 } } } }`,
        },
        // nginx limits the rate of responses that it buffers, and no others.
        location: "proxy_buffering on;",
        http: `
            map $http_x_test_tenant $my_class { default ""; acme vip; }`,
    });
    onTestFinished(() => gateway[Symbol.asyncDispose]());
    const statuses = [];
    for (let count = 0; count < 5; count += 1) {
        statuses.push((await gateway.ask("/work", [["X-Test-Tenant", "acme"]])).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 429]);
    // Its few hundred bytes take some seconds.
    const slow = gateway.ask("/work").then(({ status }) => status);
    const second = new Promise((resolve) => setTimeout(() => resolve("not yet"), 1000));
    expect(await Promise.race([slow, second])).toBe("not yet");
    expect(await slow).toBe(200);
});

test("a variable that nginx.conf does not define is reported at the first request, with the option that names it", async () => {
    const gateway = await AuthGateway.start({
        workers: 1,
        routes: {
            work: 'class = "$my_class", limit = { { rate = 1 }, { by = "$my_tennant", rate = 1 }, { by = "$http_x_camera", rate = 1 } }',
            other: 'class = "$my_clas"',
        },
        http: 'map $http_x_test_tenant $my_class { default ""; }',
    });
    onTestFinished(() => gateway[Symbol.asyncDispose]());
    for (const route of ["work", "work", "other"]) await gateway.ask(`/${route}`);
    const log = await gateway.nginx.errorLog();
    expect(log.match(/unknown_variable: [^,]*/g)).toEqual([
        'unknown_variable: the option limit[2].by of the route "work" is "$my_tennant"',
        'unknown_variable: the option class of the route "other" is "$my_clas"',
    ]);
});

/** A gateway whose route has this budget, with a node that takes its time and answers with 15 tokens of usage. */
async function startBudget(limit: string): Promise<NativeNginx> {
    const node = await freePort();
    const nginx = await NativeNginx.start({
        workers: WORKERS,
        http: `
            include openclaw.conf;
            init_by_lua_block {
                require("resty.openclaw").setup {
                    upstreams = { models = { nodes = { "127.0.0.1:${node}" } } },
                    routes = { chat = { upstream = "models", inference = {}, limit = { ${limit} } } },
                }
            }
            ${balancedUpstream("models")}
            server {
                listen 127.0.0.1:${node};
                default_type application/json;
                location / {
                    content_by_lua_block {
                        ngx.sleep(tonumber(ngx.var.http_x_seconds) or 0.5)
                        ngx.say('{"object":"chat.completion","model":"m","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}}')
                    }
                    log_by_lua_block { }
                }
            }`,
        server: `
            include errors.conf;
            include proxy.conf;
            include metrics.conf;
            location = /chat {
                set $openclaw_route chat;
                include route.conf;
                include inference.conf;
                proxy_pass http://models;
            }
            location = /level {
                content_by_lua_block {
                    local level = require("resty.openclaw.limit.bucket").level
                    local now = require("resty.openclaw.core.time.clock").now()
                    ngx.print(math.floor(level(ngx.shared.openclaw_limit, "chat\\nroute_tokens\\n\\n1000/day+1000\\n", now) / 86.4 + 0.5))
                }
            }`,
    });
    onTestFinished(() => nginx.stop());
    return nginx;
}

/** The status of a request that may cost 100 tokens, on a connection of its own; nothing where the connection is lost. */
async function chat(nginx: NativeNginx, seconds: number): Promise<number | undefined> {
    try {
        const answer = await fetch(nginx.url("/chat"), {
            method: "POST",
            body: '{"max_tokens":95}   ',
            headers: { Connection: "close", "Content-Type": "application/json", "X-Seconds": String(seconds) },
        });
        await answer.arrayBuffer();
        return answer.status;
    } catch {
        return undefined;
    }
}

const BUDGET = '{ by = "route", tokens = 1000, per = "day" }';

test("parallel requests of all workers reserve no more than the budget, and pay what they used", async () => {
    const nginx = await startBudget(BUDGET);
    const statuses = Promise.all(Array.from({ length: 60 }, () => chat(nginx, 1)));
    await eventually("the budget is reserved", async () => Number(await nginx.get("/level")) === 1000);
    const passed = (await statuses).filter((status) => status === 200).length;
    expect((await statuses).filter((status) => status === 429).length).toBe(60 - passed);
    expect(passed).toBe(10);
    await eventually("all are settled", async () => Number(await nginx.get("/level")) === 150);
    const metrics = await nginx.get("/metrics/openclaw");
    for (const [kind, tokens] of Object.entries({ reserved: 1000, used: 150, returned: 850 })) {
        expect(metrics).toContain(
            `openclaw_limit_tokens_total{route="chat",limit="route_tokens",kind="${kind}"} ${tokens}`,
        );
    }
});

test("workers that are killed give back what they had reserved, within seconds", async () => {
    const nginx = await startBudget(BUDGET);
    const lost = Promise.all(Array.from({ length: 10 }, () => chat(nginx, 60)));
    await eventually("the budget is reserved", async () => Number(await nginx.get("/level")) === 1000);
    expect(await chat(nginx, 0)).toBe(429);
    const before = await nginx.workerPids();
    // All at once, as one of them may be the node of another.
    for (const pid of before) process.kill(pid, "SIGSTOP");
    for (const pid of before) process.kill(pid, "SIGKILL");
    const began = performance.now();
    expect(await lost).toEqual(Array.from({ length: 10 }, () => undefined));
    await eventually("all is given back", async () => Number(await nginx.get("/level").catch(() => NaN)) === 0);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(await chat(nginx, 0)).toBe(200);
    await eventually("it is settled", async () => Number(await nginx.get("/level")) === 15);
});

test("a limit of tokens needs the option inference in its route", async () => {
    await expect(start(BUDGET)).rejects.toThrow("routes.work.limit[1].tokens needs the option inference in the route");
});
