/** The waiting room of an upstream, in a gateway with several workers. */
import { readFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually";
import { HeldNode } from "./support/held_node";
import { NativeNginx, packagedConf } from "./support/native_nginx";
import { parseMetrics } from "./support/scenario";

interface Answer {
    status: number;
    code: string | undefined;
    headers: http.IncomingHttpHeaders;
    seconds: number;
}

interface Setup {
    /** The option `queue`, in Lua. */
    queue: string;
    workers?: number;
    /** Further upstreams and routes, and options of the upstream and the route, in Lua. */
    others?: string;
    routes?: string;
    upstream?: string;
    route?: string;
    http?: string;
    /** Directives of the location, and of the server. */
    location?: string;
    server?: string;
}

/** A gateway before one node that answers when it is told to. */
class Room {
    private constructor(
        readonly nginx: NativeNginx,
        readonly node: HeldNode,
    ) {}

    static async start(setup: Setup): Promise<Room> {
        const node = await HeldNode.start();
        const nginx = await NativeNginx.start({
            workers: setup.workers ?? 2,
            http: `
                include openclaw.conf;
                map $http_x_test_class $my_class { default ""; ~. $http_x_test_class; }
                log_format waited '$uri|$status|$openclaw_queue_seconds|$openclaw_rejection';
                ${setup.http ?? ""}
                init_by_lua_block {
                    require("resty.openclaw").setup {
                        upstreams = { cluster = { nodes = { "${node.address}" }, queue = { ${setup.queue} }, ${setup.upstream ?? ""} }, ${setup.others ?? ""} },
                        routes = { work = { upstream = "cluster", class = "$my_class", deadline = {}, ${setup.route ?? ""} }, ${setup.routes ?? ""} },
                    }
                }
                upstream cluster {
                    server 0.0.0.1;
                    balancer_by_lua_block { require("resty.openclaw").balance("cluster") }
                    keepalive 32;
                }`,
            server: `
                access_log access.log waited;
                include errors.conf;
                include proxy.conf;
                include metrics.conf;
                include admin.conf;
                ${setup.server ?? ""}
                location / {
                    set $openclaw_route work;
                    include route.conf;
                    add_header X-Worker $pid always;
                    ${setup.location ?? ""}
                    proxy_pass http://cluster;
                }`,
            files: Object.fromEntries(
                ["openclaw", "route", "proxy", "errors", "metrics", "admin", "bandwidth"].map((name) => [
                    `${name}.conf`,
                    packagedConf(name),
                ]),
            ),
        });
        const room = new Room(nginx, node);
        onTestFinished(() => room.stop());
        return room;
    }

    /** A request on a connection of its own, which any worker may take. */
    ask(target: string, its_class = "", headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Answer> {
        const began = performance.now();
        return new Promise((resolve, reject) => {
            const options = {
                agent: false,
                timeout: 60_000,
                signal,
                headers: { "X-Test-Class": its_class, ...headers },
            };
            const sent = http.get(this.nginx.url(target), options, (answer) => {
                let text = "";
                answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
                answer.on("error", reject);
                answer.on("end", () => {
                    const body = text.startsWith("{") ? (JSON.parse(text) as { error: { code: string } }) : undefined;
                    const seconds = (performance.now() - began) / 1000;
                    resolve({
                        status: answer.statusCode ?? 0,
                        code: body?.error.code,
                        headers: answer.headers,
                        seconds,
                    });
                });
            });
            sent.on("error", reject);
        });
    }

    async metric(name: string): Promise<number> {
        const value = parseMetrics(await this.nginx.get("/metrics/openclaw")).get(name);
        if (value === undefined) throw new Error(`there is no ${name}`);
        return value;
    }

    /** How many wait. */
    async waiting(its_class = "standard"): Promise<number> {
        return this.metric(`openclaw_queue_length{upstream="cluster",class="${its_class}"}`);
    }

    taken(): Promise<number> {
        return this.metric('openclaw_queue_places_taken{upstream="cluster"}');
    }

    results(result: string, its_class = "standard"): Promise<number> {
        return this.metric(`openclaw_queue_requests_total{upstream="cluster",class="${its_class}",result="${result}"}`);
    }

    /** Sends a request, and resolves with its answer to come when it waits. */
    async wait(target: string, its_class = "standard"): Promise<{ answer: Promise<Answer> }> {
        const before = await this.waiting(its_class);
        const answer = this.ask(target, its_class);
        await eventually(`${target} waits`, async () => (await this.waiting(its_class)) === before + 1);
        return { answer };
    }

    /** All places are free, nobody waits, and a request gets through. */
    async expectNoHarm(): Promise<void> {
        await eventually("all places are free", async () => (await this.taken()) === 0);
        expect(await this.waiting()).toBe(0);
        this.node.answerAll();
        expect((await this.ask("/harmless")).status).toBe(200);
        await eventually("it has given its place back", async () => (await this.taken()) === 0);
    }

    async stop(): Promise<void> {
        await this.nginx.stop();
        await this.node[Symbol.asyncDispose]();
    }
}

/** The header of a request that is of use for so many seconds. */
function within(seconds: number): Record<string, string> {
    const now = Date.now() / 1000;
    return { "X-OpenClaw-Deadline": `${(now + seconds).toFixed(3)};sent=${now.toFixed(3)}` };
}

const THREE_CLASSES = "classes = { vip = { weight = 8 }, standard = { weight = 3 }, batch = { weight = 1 } }";

test("no more requests are under way than there are places, and all get their turn", async () => {
    const room = await Room.start({ queue: "concurrency = 4", workers: 3 });
    const answers = Array.from({ length: 40 }, (_, place) => room.ask(`/${place}`));
    await room.node.seen(4);
    await eventually("the others wait", async () => (await room.waiting()) + room.node.inFlight === 40);
    // Two workers may take the last place at once.
    expect(room.node.inFlight).toBeLessThanOrEqual(4 + 2);
    for (let seen = 4; seen < 40; seen += 1) {
        room.node.answer();
        await room.node.seen(seen + 1);
    }
    room.node.answerAll();
    expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(room.node.most).toBeLessThanOrEqual(4 + 2);
    expect((await room.results("at_once")) + (await room.results("waited"))).toBe(40);
    expect(await room.metric('openclaw_queue_wait_seconds_count{upstream="cluster",class="standard"}')).toBe(40);
    await room.expectNoHarm();
});

test("those with the larger weight go first, and the others have their share", async () => {
    const room = await Room.start({ queue: `concurrency = 1, ${THREE_CLASSES}` });
    const answers = [room.ask("/first")];
    await room.node.seen(1);
    for (const [name, count] of [
        ["batch", 2],
        ["standard", 4],
        ["vip", 3],
    ] as const) {
        for (let place = 0; place < count; place += 1) answers.push((await room.wait(`/${name}`, name)).answer);
    }
    for (let seen = 1; seen < 10; seen += 1) {
        room.node.answer();
        await room.node.seen(seen + 1);
    }
    room.node.answerAll();
    await Promise.all(answers);
    const order = room.node.urls.slice(1);
    expect(order[0]).toBe("/vip");
    // Who waits in another worker may be let past once or twice.
    expect(order.slice(0, 5).filter((url) => url === "/vip").length).toBeGreaterThanOrEqual(2);
    expect(order.slice(0, 6)).toContain("/batch");
    await room.expectNoHarm();
});

test("who finds no room or waits too long is told when to come again", async () => {
    const room = await Room.start({ queue: "concurrency = 1, size = 2, wait_seconds = 2" });
    const first = room.ask("/first");
    await room.node.seen(1);
    const waiting = [await room.wait("/one"), await room.wait("/two")];
    const full = await room.ask("/three");
    expect([full.status, full.code]).toEqual([503, "queue_full"]);
    // None has left yet: by then those who wait have given up.
    expect(full.headers["retry-after"]).toBe("2");
    for (const { answer } of waiting) {
        const late = await answer;
        expect([late.status, late.code]).toEqual([503, "queue_timeout"]);
        expect(late.seconds).toBeGreaterThan(1.9);
        expect(Number(late.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    }
    room.node.answer();
    expect((await first).status).toBe(200);
    expect([await room.results("full"), await room.results("timeout")]).toEqual([1, 2]);
    const errors = 'openclaw_request_errors_total{route="work",variant="",status="5xx"';
    expect(await room.metric(`${errors},cause="refused"}`)).toBe(3);
    expect(await room.metric(`${errors},cause="other"}`)).toBe(0);
    const errorLog = await room.nginx.errorLog();
    expect(errorLog.match(/requests of class "\w+" are refused now/g)).toHaveLength(1);
    expect(errorLog).toContain(
        'upstream "cluster": requests of class "standard" are refused now (full): 2 of 2 requests wait, 1 of 1 places are taken',
    );
    const log = readFileSync(path.join(room.nginx.prefix, "access.log"), "utf8");
    expect(log).toMatch(/^\/three\|503\|0\.000\|queue\/full$/m);
    expect(log).toMatch(/^\/one\|503\|[12]\.\d{3}\|queue\/timeout$/m);
    expect(log).toMatch(/^\/first\|200\|\|$/m);
    await room.expectNoHarm();
});

test("a request whose deadline passes while it waits is refused, and one that could not meet it at once", async () => {
    const room = await Room.start({ queue: "concurrency = 1" });
    const first = room.ask("/first");
    await room.node.seen(1);
    const late = await room.ask("/late", "", within(1));
    expect([late.status, late.code]).toEqual([504, "deadline_exceeded"]);
    // Two a second leave for some seconds, so that somebody behind 20 others will wait for long.
    room.node.answer();
    const others = Array.from({ length: 30 }, (_, place) => room.ask(`/${place}`));
    for (let seen = 2; seen < 8; seen += 1) {
        await room.node.seen(seen);
        await new Promise((resolve) => setTimeout(resolve, 500));
        room.node.answer();
    }
    const hasty = await room.ask("/hasty", "", within(2));
    expect([hasty.status, hasty.code]).toEqual([503, "queue_timeout"]);
    expect(hasty.seconds).toBeLessThan(1);
    expect(Number(hasty.headers["retry-after"])).toBeGreaterThan(2);
    expect(await room.results("deadline")).toBe(2);
    room.node.answerAll();
    await Promise.all([first, ...others]);
    await room.expectNoHarm();
});

test("a client that leaves makes room at once, however its body came", async () => {
    const room = await Room.start({ queue: "concurrency = 1, size = 1" });
    const first = room.ask("/first");
    await room.node.seen(1);
    const head = (bytes: number) => `POST /gone HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`;
    // Longer than client_header_buffer_size: nginx finds the end of the body as soon as it asks for it.
    const medium = "x".repeat(4000);
    const large = "x".repeat(200_000);
    const requests = [
        ["GET /gone HTTP/1.1\r\nHost: x\r\n\r\n"],
        [head(5) + "image"],
        [head(medium.length) + medium],
        [head(large.length), large],
    ];
    for (const pieces of requests) {
        const leaving = net.connect(room.nginx.port, "127.0.0.1");
        for (const piece of pieces) await new Promise((resolve) => leaving.write(piece, resolve));
        await eventually("it waits", async () => (await room.waiting()) === 1);
        leaving.destroy();
        await eventually("nobody waits", async () => (await room.waiting()) === 0);
    }
    expect(await room.results("left")).toBe(requests.length);
    const { answer } = await room.wait("/next");
    room.node.answerAll();
    expect([(await first).status, (await answer).status]).toEqual([200, 200]);
    await room.expectNoHarm();
});

test("a client that has left before its request waits does not wait", async () => {
    const room = await Room.start({ queue: "concurrency = 1" });
    const first = room.ask("/first");
    await room.node.seen(1);
    for (let round = 0; round < 20; round += 1) {
        const leaving = net.connect(room.nginx.port, "127.0.0.1");
        leaving.end("POST /gone HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nimage");
        await new Promise((resolve) =>
            leaving
                .on("close", resolve)
                .on("error", () => undefined)
                .resume(),
        );
    }
    expect(await room.waiting()).toBe(0);
    room.node.answerAll();
    expect((await first).status).toBe(200);
    await room.expectNoHarm();
});

test("a worker that dies takes no place with it", async () => {
    const room = await Room.start({ queue: "concurrency = 4", workers: 2 });
    const asked = Array.from({ length: 16 }, (_, place) => room.ask(`/${place}`).catch(() => undefined));
    await eventually("they wait", async () => (await room.waiting()) + room.node.inFlight === 16);
    const pids = await room.nginx.workerPids();
    for (const pid of pids) {
        const before = await room.nginx.workerPids();
        process.kill(pid, "SIGKILL");
        await eventually("another one takes its place", async () => {
            const after = await room.nginx.workerPids();
            return after.length === 2 && after.some((one) => !before.includes(one));
        });
    }
    await eventually("all places are free", async () => (await room.taken()) === 0);
    expect(await room.waiting()).toBe(0);
    await Promise.all(asked);
    await room.expectNoHarm();
});

test("requests wait on while the configuration is reloaded, and the new workers keep to the places", async () => {
    const room = await Room.start({ queue: "concurrency = 2" });
    const old = Array.from({ length: 6 }, (_, place) => room.ask(`/old/${place}`));
    await eventually("they wait", async () => (await room.waiting()) + room.node.inFlight === 6);
    await room.nginx.reload();
    const young = Array.from({ length: 6 }, (_, place) => room.ask(`/new/${place}`));
    await eventually("they wait", async () => (await room.waiting()) + room.node.inFlight === 12);
    const taken = room.node.inFlight;
    expect(taken).toBeLessThanOrEqual(3);
    for (let seen = taken; seen < 12; seen += 1) {
        room.node.answer();
        await room.node.seen(seen + 1);
    }
    room.node.answerAll();
    const answers = await Promise.all([...old, ...young]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    await room.expectNoHarm();
});

test("retries, a fallback, redirects, error pages and the cache leak no place", async () => {
    const light = await HeldNode.start();
    light.answerAll();
    onTestFinished(() => light[Symbol.asyncDispose]());
    const route = "set $openclaw_route work; include route.conf;";
    const room = await Room.start({
        queue: "concurrency = 3",
        http: "proxy_cache_path cache keys_zone=answers:1m;",
        others: `light = { nodes = { "${light.address}" } },`,
        upstream: 'fallback = "light", tries = 1',
        server: `
            location = /cached {
                ${route}
                proxy_cache answers;
                proxy_cache_valid 200 1h;
                proxy_buffering on;
                proxy_pass http://cluster;
            }
            location = /broken { ${route} error_page 502 = @again; proxy_pass http://127.0.0.1:1; }
            location @again { ${route} proxy_pass http://cluster; }
            location = /refused { ${route} proxy_intercept_errors on; error_page 418 /teapot; proxy_pass http://cluster; }
            location = /teapot { internal; return 418 "short and stout"; }`,
    });
    const { node } = room;
    const failed = room.ask("/failed");
    await node.seen(1);
    node.answer(500);
    expect((await failed).status).toBe(500);
    // The fallback answers where the node does not: its place is that of the first upstream.
    const broken_off = room.ask("/broken_off");
    await node.seen(2);
    node.breakOff();
    expect((await broken_off).headers["x-openclaw-degraded"]).toBe("1");
    const refused = room.ask("/refused");
    await node.seen(3);
    node.answer(418);
    expect((await refused).status).toBe(418);
    node.answerAll();
    expect((await room.ask("/broken")).status).toBe(200);
    expect((await room.ask("/cached")).status).toBe(200);
    expect((await room.ask("/cached")).headers["x-cache-status"]).toBe("HIT");
    await room.expectNoHarm();
    expect(await room.nginx.errorLog()).not.toContain("[lua]");
});

test("a worker that was stopped for a moment gets its turn", async () => {
    const room = await Room.start({ queue: "concurrency = 1" });
    const first = room.ask("/first");
    await room.node.seen(1);
    // Until both workers have some.
    const answers: Promise<Answer>[] = [];
    for (let place = 0; place < 20; place += 1) answers.push((await room.wait(`/${place}`)).answer);
    const [stopped] = await room.nginx.workerPids();
    process.kill(stopped as number, "SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 400));
    process.kill(stopped as number, "SIGCONT");
    for (let seen = 1; seen < 21; seen += 1) {
        room.node.answer();
        await room.node.seen(seen + 1);
    }
    room.node.answerAll();
    await Promise.all([first, ...answers]);
    // In the order of arrival, but for those that came at nearly the same time, and until the worker has run again: not last.
    const order = room.node.urls.slice(1).map((url) => Number(url.slice(1)));
    for (const [place, number] of order.entries()) expect(Math.abs(place - number)).toBeLessThanOrEqual(12);
    await room.expectNoHarm();
});

test("a request that goes on to an upstream without a queue gives its place back", async () => {
    const light = await HeldNode.start();
    onTestFinished(() => light[Symbol.asyncDispose]());
    const room = await Room.start({
        queue: "concurrency = 1",
        others: `light = { nodes = { "${light.address}" } },`,
        routes: 'light = { upstream = "light" },',
        http: 'upstream light { server 0.0.0.1; balancer_by_lua_block { require("resty.openclaw").balance("light") } }',
        server: `
            location = /redirected {
                set $openclaw_route work;
                include route.conf;
                error_page 502 = @light;
                proxy_pass http://127.0.0.1:1;
            }
            location @light { set $openclaw_route light; include route.conf; proxy_pass http://light; }`,
    });
    const redirected = room.ask("/redirected");
    await light.seen(1);
    expect(await room.taken()).toBe(0);
    room.node.answerAll();
    expect((await room.ask("/other")).status).toBe(200);
    light.answerAll();
    expect((await redirected).status).toBe(200);
    await room.expectNoHarm();
});

test("a room finds its way again when nginx had no timers left for it", async () => {
    const room = await Room.start({
        queue: "concurrency = 1, wait_seconds = 20",
        http: "lua_max_running_timers 6;",
        server: `
            location = /hog {
                access_by_lua_block { for _ = 1, 12 do ngx.timer.at(0, function() ngx.sleep(2) end) end }
                return 200 "ok";
            }`,
    });
    const first = room.ask("/first");
    await room.node.seen(1);
    // In both workers.
    for (let count = 0; count < 12; count += 1) await room.nginx.get("/hog");
    const waiting = Array.from({ length: 6 }, (_, place) => room.ask(`/${place}`));
    await eventually("they wait", async () => (await room.waiting()) === 6);
    room.node.answerAll();
    const answers = await Promise.all([first, ...waiting]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    for (const { seconds } of answers) expect(seconds).toBeLessThan(15);
    await room.expectNoHarm();
});

test("a body that comes slowly takes no place", async () => {
    const room = await Room.start({ queue: "concurrency = 1" });
    const slow = net.connect(room.nginx.port, "127.0.0.1");
    onTestFinished(() => void slow.destroy());
    slow.write("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
    const quick = room.ask("/quick");
    await room.node.seen(1);
    expect(room.node.urls).toEqual(["/quick"]);
    slow.write("67890");
    await eventually("it waits", async () => (await room.waiting()) === 1);
    room.node.answerAll();
    expect((await quick).status).toBe(200);
    await room.node.seen(2);
    await room.expectNoHarm();
});

test("a location without the hooks of a route counts, and is reported", async () => {
    const room = await Room.start({
        queue: "concurrency = 1",
        server: "location = /bare { proxy_pass http://cluster; }",
    });
    const bare = room.ask("/bare");
    await room.node.seen(1);
    expect(await room.taken()).toBe(1);
    const { answer } = await room.wait("/work");
    room.node.answerAll();
    expect([(await bare).status, (await answer).status]).toEqual([200, 200]);
    await room.expectNoHarm();
    expect(await room.nginx.errorLog()).toContain('upstream "cluster" has a queue, but a location has no access hook');
});

test("a slow download keeps no place when its response has come from the node", async () => {
    const slow = (location: string): Setup => ({
        queue: "concurrency = 1",
        // Its few hundred bytes take some seconds.
        routes: 'slow = { upstream = "cluster", bandwidth = { standard = "100" } }',
        server: `location /slow { set $openclaw_route slow; include route.conf; ${location} proxy_pass http://cluster; }`,
    });
    const room = await Room.start(slow("include bandwidth.conf;"));
    let isOver = false;
    const download = room.ask("/slow").finally(() => (isOver = true));
    await room.node.seen(1);
    room.node.answerAll();
    const next = room.ask("/next");
    await room.node.seen(2);
    expect(isOver).toBe(false);
    const inFlight = () => room.metric(`openclaw_node_in_flight{node="${room.node.address}"}`);
    expect(await inFlight()).toBe(1);
    room.node.answerAll();
    expect((await next).status).toBe(200);
    expect((await download).status).toBe(200);
    await eventually("nothing is under way", async () => (await inFlight()) === 0);

    const without = await Room.start(slow("proxy_buffering on;"));
    const first = without.ask("/slow");
    await without.node.seen(1);
    without.node.answerAll();
    expect((await first).status).toBe(200);
    await eventually("the missing hook is reported", async () =>
        (await without.nginx.errorLog()).includes("include nginx/bandwidth.conf in its location"),
    );
});
