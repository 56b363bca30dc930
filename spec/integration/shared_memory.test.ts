import http from "node:http";
import { expect, test } from "vitest";
import { eventually } from "./support/eventually";
import { Load } from "./support/load";
import { NativeNginx } from "./support/native_nginx";

/** A gateway that counts each request to /count before it answers, and keeps those to /hold until they are cut off. */
function countingNginx(workers: number, blocks?: number): Promise<NativeNginx> {
    return NativeNginx.start({
        workers,
        http: `
            init_by_lua_block {
                shared_memory = require("resty.openclaw.core.memory.shared_memory")
                region = shared_memory.open("openclaw"${blocks === undefined ? "" : `, ${blocks}`})
                counted = assert(shared_memory.slot(region, "counted"))
                held = assert(shared_memory.transient_slot(region, "held"))
            }
            exit_worker_by_lua_block { shared_memory.release(region) }`,
        server: `
            location = /count {
                content_by_lua_block {
                    shared_memory.add(region, counted, 1)
                    ngx.print(ngx.worker.pid())
                }
            }
            location = /hold {
                content_by_lua_block {
                    shared_memory.add(region, held, 1)
                    ngx.print(ngx.worker.pid())
                    ngx.flush(true)
                    ngx.sleep(60)
                }
            }
            location = /counted { content_by_lua_block { ngx.print(shared_memory.total(region, counted)) } }
            location = /held { content_by_lua_block { ngx.print(shared_memory.total(region, held)) } }`,
    });
}

async function number(nginx: NativeNginx, path: string): Promise<number> {
    return Number(await nginx.get(path));
}

/** Counts until every one of these workers has answered; resolves with the number of requests that took. */
async function countOnAll(nginx: NativeNginx, pids: number[]): Promise<number> {
    const answered = new Set<number>();
    let requests = 0;
    await eventually("every worker has answered", async () => {
        answered.add(await number(nginx, "/count"));
        requests += 1;
        return pids.every((pid) => answered.has(pid));
    });
    return requests;
}

/** Begins a request to /hold; resolves with the worker that holds it. */
function hold(nginx: NativeNginx): Promise<number> {
    return new Promise((resolve, reject) => {
        const sent = http.get(nginx.url("/hold"), { agent: false }, (answer) => {
            // The worker dies, or nginx stops, with the request.
            answer.on("error", () => undefined);
            answer.on("data", (chunk) => resolve(Number(String(chunk))));
        });
        sent.on("error", reject);
    });
}

test("totals are exact over reloads under load", async () => {
    await using nginx = await countingNginx(2);
    await using load = new Load(nginx.url("/count"));
    for (let reload = 0; reload < 5; reload += 1) {
        const before = load.count(200);
        await nginx.reload();
        await eventually("the new workers have answered", () => load.count(200) > before + 500);
    }
    await load.stop();
    expect(await number(nginx, "/counted")).toBe(load.count(200));
    expect([...load.statuses.keys()]).toEqual([200]);
});

test("a worker killed under load takes no count with it", async () => {
    await using nginx = await countingNginx(2);
    await using load = new Load(nginx.url("/count"));
    for (let round = 0; round < 3; round += 1) {
        const before = load.count(200);
        await eventually("the workers have answered", () => load.count(200) > before + 500);
        const [victim = 0] = await nginx.workerPids();
        nginx.kill(victim, "SIGKILL");
        await eventually("another worker has taken its place", async () => {
            const pids = await nginx.workerPids();
            return pids.length === 2 && !pids.includes(victim);
        });
    }
    await load.stop();
    const counted = await number(nginx, "/counted");
    expect(counted).toBeGreaterThanOrEqual(load.count(200));
    // What was in flight at a kill may have been counted, though its answer never came.
    expect(counted).toBeLessThanOrEqual(load.count(200) + load.errors);
    expect(load.errors).toBeLessThanOrEqual(3 * load.concurrency);
});

test("what a killed worker was doing is no longer counted as going on", async () => {
    await using nginx = await countingNginx(2);
    const pids = await nginx.workerPids();
    await countOnAll(nginx, pids);
    const counted = await number(nginx, "/counted");
    const holders = new Map<number, number>();
    while (holders.size < 2) {
        const pid = await hold(nginx);
        holders.set(pid, (holders.get(pid) ?? 0) + 1);
    }
    const [victim = 0, survivor = 0] = pids;
    const held = (pid: number) => holders.get(pid) ?? 0;
    expect(await number(nginx, "/held")).toBe(held(victim) + held(survivor));
    nginx.kill(victim, "SIGKILL");
    await nginx.waitFor("only the survivor's requests are left", async () => {
        return (await number(nginx, "/held")) === held(survivor);
    });
    expect(await number(nginx, "/counted")).toBe(counted);
});

test("a worker that finds no block serves, says so, and brings its counts along later", async () => {
    await using nginx = await countingNginx(2, 1);
    const pids = await nginx.workerPids();
    const requests = await countOnAll(nginx, pids);
    const refused = /\[error\] (\d+)#.*shared_memory: all 1 blocks are leased, so what this worker counts is missing/;
    const waiting = Number(refused.exec(await nginx.errorLog())?.[1]);
    expect(pids).toContain(waiting);
    expect(await number(nginx, "/counted")).toBeLessThan(requests);
    const [holder = 0] = pids.filter((pid) => pid !== waiting);
    nginx.kill(holder, "SIGKILL");
    await nginx.waitFor("all counts are in the total", async () => (await number(nginx, "/counted")) === requests);
});

test("64 workers and three reloads, with all generations held up, miss no count", async () => {
    const workers = 64;
    await using nginx = await NativeNginx.start({
        workers,
        http: `
            init_by_lua_block {
                shared_memory = require("resty.openclaw.core.memory.shared_memory")
                region = shared_memory.open("openclaw")
                counted = assert(shared_memory.slot(region, "counted"))
                held = assert(shared_memory.transient_slot(region, "held"))
            }
            init_worker_by_lua_block {
                shared_memory.add(region, counted, 1)
                shared_memory.add(region, held, 1)
                -- What runs when a worker is told to go holds it up, as a request does.
                assert(ngx.timer.at(0, function() ngx.sleep(600) end))
            }
            exit_worker_by_lua_block { shared_memory.release(region) }`,
        server: `
            location = /counted { content_by_lua_block { ngx.print(shared_memory.total(region, counted)) } }
            location = /held { content_by_lua_block { ngx.print(shared_memory.total(region, held)) } }`,
    });
    for (let reload = 1; reload <= 3; reload += 1) {
        await nginx.reload();
        expect(await nginx.drainingPids()).toHaveLength(reload * workers);
    }
    // One more than the least number of blocks.
    expect(await number(nginx, "/counted")).toBe(4 * workers);
    expect(await number(nginx, "/held")).toBe(4 * workers);
    expect(await nginx.errorLog()).not.toContain("blocks are leased");
});

test("nginx -t beside a running server disturbs nothing", async () => {
    await using nginx = await countingNginx(2);
    const pids = await nginx.workerPids();
    const requests = await countOnAll(nginx, pids);
    expect(await nginx.test()).toContain("test is successful");
    expect(await nginx.workerPids()).toEqual(pids);
    const more = await countOnAll(nginx, pids);
    expect(await number(nginx, "/counted")).toBe(requests + more);
    await nginx.reload();
    expect(await number(nginx, "/counted")).toBe(requests + more);
});

/** A gateway whose dict, of a name of its own or none at all, is to get another size at each reload. */
function resizedNginx(dict: string): Promise<NativeNginx> {
    return NativeNginx.start({
        workers: 2,
        http: `
            ${dict}
            init_by_lua_block {
                shared_memory = require("resty.openclaw.core.memory.shared_memory")
                region = shared_memory.open("sized")
                counted = assert(shared_memory.slot(region, "counted"))
            }
            exit_worker_by_lua_block { shared_memory.release(region) }`,
        server: `
            location = /count {
                content_by_lua_block {
                    shared_memory.add(region, counted, 1)
                    ngx.print(ngx.worker.pid())
                }
            }
            location = /hold {
                content_by_lua_block {
                    ngx.print(ngx.worker.pid())
                    ngx.flush(true)
                    ngx.sleep(60)
                }
            }
            location = /counted { content_by_lua_block { ngx.print(shared_memory.total(region, counted)) } }`,
    });
}

const MEGABYTES = 1024 * 1024;

test("reloads that resize the dict leave the master no larger", async () => {
    await using nginx = await resizedNginx("lua_shared_dict sized 1m;");
    const conf = await nginx.readConfiguration();
    const mapped: number[] = [];
    for (let size = 2; size <= 7; size += 1) {
        expect(await countOnAll(nginx, await nginx.workerPids())).toBe(await number(nginx, "/counted"));
        const draining = await hold(nginx);
        await nginx.write("nginx.conf", conf.replace("sized 1m", `sized ${size}m`));
        await nginx.reload();
        expect(await nginx.drainingPids()).toContain(draining);
        // A new dict, so counts begin anew.
        expect(await number(nginx, "/counted")).toBe(0);
        mapped.push(await nginx.masterMapped());
    }
    // The region in force and the one before it; each takes half a gigabyte at least.
    expect((mapped.at(-1) as number) - (mapped[0] as number)).toBeLessThan(100 * MEGABYTES);
    // None that drains has lost its memory.
    expect(await nginx.errorLog()).not.toContain("exited on signal");
});

test("a new size that cannot be loaded leaves the old region in force", async () => {
    await using nginx = await resizedNginx("lua_shared_dict sized 1m;");
    const conf = await nginx.readConfiguration();
    const counted = await countOnAll(nginx, await nginx.workerPids());
    const mapped: number[] = [];
    for (let size = 2; size <= 14; size += 1) {
        // Fails after init_by_lua.
        const wrong = conf.replace("sized 1m", `sized ${size}m`).replace("listen ", "listen 192.0.2.1:1; listen ");
        await nginx.write("nginx.conf", wrong);
        await nginx.reloadInVain(/bind\(\) to 192\.0\.2\.1:1 failed/);
        mapped.push(await nginx.masterMapped());
    }
    expect((mapped.at(-1) as number) - (mapped.at(-3) as number)).toBeLessThan(100 * MEGABYTES);
    // Workers that start now have the old one.
    for (const pid of await nginx.workerPids()) nginx.kill(pid, "SIGKILL");
    await eventually("other workers answer", async () => (await number(nginx, "/counted")) === counted);
    await nginx.write("nginx.conf", conf.replace("sized 1m", "sized 2m"));
    await nginx.reload();
    expect(await countOnAll(nginx, await nginx.workerPids())).toBe(await number(nginx, "/counted"));
    expect(await nginx.errorLog()).not.toContain("signal 11");
});

test("reloads without a dict leave the master no larger", async () => {
    await using nginx = await resizedNginx("");
    const mapped: number[] = [];
    for (let reload = 0; reload < 4; reload += 1) {
        await number(nginx, "/count");
        await nginx.reload();
        mapped.push(await nginx.masterMapped());
    }
    expect((mapped.at(-1) as number) - (mapped[0] as number)).toBeLessThan(100 * MEGABYTES);
});
