/** The plugin `limit` in a gateway with several workers. */
import { expect, onTestFinished, test } from "vitest";
import { AuthGateway } from "./support/auth_gateway";
import { eventually } from "./support/eventually";

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
