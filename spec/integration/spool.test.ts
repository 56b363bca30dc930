import { chmod, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { run } from "./support/checkout";
import { eventually } from "./support/eventually";
import { NativeNginx } from "./support/native_nginx";

interface Entry {
    id: string;
    n: number;
}

/** A log server that may be dead, and remembers the first time of every entry. */
class Receiver {
    /** The ids in the order in which they came first. */
    readonly ids = new Map<string, number>();
    /** What the entries are numbered with. */
    readonly numbers = new Set<number>();
    copies = 0;
    private server: http.Server | undefined;
    private port = 0;

    static async start(): Promise<Receiver> {
        const receiver = new Receiver();
        await receiver.revive();
        return receiver;
    }

    /** Listens again, on the same port. */
    async revive(): Promise<void> {
        const server = http.createServer((request, response) => {
            const chunks: Buffer[] = [];
            request.on("data", (chunk: Buffer) => chunks.push(chunk));
            request.on("end", () => {
                this.keep(Buffer.concat(chunks).toString());
                response.end();
            });
        });
        server.listen(this.port, "127.0.0.1");
        await new Promise((resolve) => server.once("listening", resolve));
        this.port = (server.address() as AddressInfo).port;
        this.server = server;
    }

    /** Nobody listens any more. */
    async die(): Promise<void> {
        const server = this.server;
        this.server = undefined;
        server?.closeAllConnections();
        if (server !== undefined) await new Promise((resolve) => server.close(resolve));
    }

    private keep(batch: string): void {
        for (const line of batch.trimEnd().split("\n")) {
            const entry = JSON.parse(line) as Entry;
            if (this.ids.has(entry.id)) this.copies += 1;
            else this.ids.set(entry.id, entry.n);
            this.numbers.add(entry.n);
        }
    }

    /** Whether the entries of each worker came in its order, but for copies. */
    get isInOrder(): boolean {
        const last = new Map<string, number>();
        for (const id of this.ids.keys()) {
            const [, origin = "", sequence] = /^(.*)-(\d+)$/.exec(id) ?? [];
            if (Number(sequence) <= (last.get(origin) ?? 0)) return false;
            last.set(origin, Number(sequence));
        }
        return true;
    }

    get sink(): string {
        return `{ type = "http", url = "http://127.0.0.1:${this.port}/log" }`;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.die();
    }
}

/** Clients that have numbers pushed, each a new one, and remember which of them were acknowledged. */
class Pushers {
    readonly acknowledged = new Set<number>();
    private next = 0;
    private stopping = false;
    private readonly clients: Promise<void>[];

    constructor(
        public nginx: NativeNginx,
        private readonly query = "",
    ) {
        this.clients = Array.from({ length: 8 }, () => this.client());
    }

    private async client(): Promise<void> {
        while (!this.stopping) {
            const n = (this.next += 1);
            const isTaken = await this.nginx.get(`/push?n=${n}${this.query}`).then(
                (answer) => answer === "true\n",
                () => false,
            );
            if (isTaken) this.acknowledged.add(n);
            else await new Promise((resolve) => setTimeout(resolve, 5));
        }
    }

    /** Resolves when so many more numbers are acknowledged. */
    async more(count: number): Promise<void> {
        const goal = this.acknowledged.size + count;
        await eventually(`${count} more are taken`, () => this.acknowledged.size >= goal);
    }

    async stop(): Promise<void> {
        this.stopping = true;
        await Promise.all(this.clients);
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.stop();
    }
}

/** A folder in which workers may make theirs, whoever they run as. */
async function spoolFolder(): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), "openclaw-spool-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await chmod(folder, 0o777);
    return folder;
}

function durableNginx(sink: string, spool: string, options = ""): Promise<NativeNginx> {
    return NativeNginx.start({
        main: "thread_pool spool threads=2;",
        http: `
            lua_socket_log_errors off;
            init_by_lua_block {
                metrics = require("resty.openclaw.metrics").new()
                post_action = require("resty.openclaw.post_action").new({
                    name = "log", sink = ${sink}, batch_seconds = 0.05, drain_seconds = 2,
                    durable = true, spool = "${spool}/spool", thread_pool = "spool",
                    ${options}
                })
            }
            init_worker_by_lua_block { post_action:init_worker() }
            exit_worker_by_lua_block { post_action:exit_worker() }`,
        server: `
            location = /push {
                content_by_lua_block {
                    local n = tonumber(ngx.var.arg_n)
                    ngx.say(tostring(post_action:push({ n = n, filling = ("x"):rep(tonumber(ngx.var.arg_filling) or 0) })))
                }
            }
            location = /metrics { content_by_lua_block { metrics:page() } }`,
    });
}

/** The value of a figure of the sink; 0 where there is none. */
async function figure(nginx: NativeNginx, name: string, labels = ""): Promise<number> {
    const page = await nginx.get("/metrics");
    const [, value] = new RegExp(`^openclaw_post_action_${name}{sink="log"${labels}} (\\S+)$`, "m").exec(page) ?? [];
    return Number(value ?? 0);
}

/** Waits for all that was acknowledged. */
async function allArrived(pushers: Pushers, receiver: Receiver): Promise<void> {
    await eventually(
        "all that was acknowledged has come",
        () => [...pushers.acknowledged].every((n) => receiver.numbers.has(n)),
        60_000,
    );
    // Each number has one id only: without copies of an id, every entry came once.
    expect(receiver.ids.size).toBe(receiver.numbers.size);
}

test("workers that are killed under load lose nothing that was acknowledged", async () => {
    await using receiver = await Receiver.start();
    await using nginx = await durableNginx(receiver.sink, await spoolFolder());
    await using pushers = new Pushers(nginx);
    for (let kill = 0; kill < 4; kill += 1) {
        await pushers.more(300);
        for (const victim of (await nginx.workerPids()).slice(0, 1)) nginx.kill(victim, "SIGKILL");
    }
    await pushers.more(300);
    await pushers.stop();
    await allArrived(pushers, receiver);
    expect(receiver.isInOrder).toBe(true);
});

test("a machine's worth of processes killed while the receiver is dead loses nothing, nor does the next one", async () => {
    await using receiver = await Receiver.start();
    const spool = await spoolFolder();
    await receiver.die();
    await using nginx = await durableNginx(receiver.sink, spool);
    await using pushers = new Pushers(nginx);
    await pushers.more(500);
    await nginx.crash();
    await using second = await durableNginx(receiver.sink, spool);
    pushers.nginx = second;
    await pushers.more(500);
    expect(receiver.ids.size).toBe(0);
    await eventually("all is known to the new workers", async () => {
        return (await figure(second, "queued")) >= pushers.acknowledged.size;
    });
    expect(await figure(second, "spool_bytes")).toBeGreaterThan(10_000);
    await receiver.revive();
    await pushers.more(100);
    await pushers.stop();
    await allArrived(pushers, receiver);
    await eventually("nothing is left", async () => (await figure(second, "queued")) === 0);
});

test("reloads under load lose nothing and keep the order", async () => {
    await using receiver = await Receiver.start();
    await using nginx = await durableNginx(receiver.sink, await spoolFolder(), 'fsync = "always"');
    await using pushers = new Pushers(nginx);
    for (let reload = 0; reload < 4; reload += 1) {
        await pushers.more(200);
        await nginx.reload();
    }
    await pushers.more(200);
    await pushers.stop();
    await allArrived(pushers, receiver);
    expect(receiver.isInOrder).toBe(true);
    expect(await nginx.errorLog()).not.toMatch(/thread pool|spool: |\[crit\]|\[alert\]/);
});

test("reloads while the receiver is dead hand everything over at once", async () => {
    await using receiver = await Receiver.start();
    await receiver.die();
    const folder = await spoolFolder();
    await using nginx = await durableNginx(receiver.sink, folder);
    await using pushers = new Pushers(nginx);
    for (let reload = 0; reload < 3; reload += 1) {
        await pushers.more(200);
        await nginx.reload();
        await eventually("the old workers are gone", async () => (await nginx.drainingPids()).length === 0);
    }
    await pushers.stop();
    expect(await figure(nginx, "dropped_total", ',reason="exit"')).toBe(0);
    await eventually("the new workers have it all", async () => {
        return (await figure(nginx, "queued")) >= pushers.acknowledged.size;
    });
    await receiver.revive();
    await allArrived(pushers, receiver);
    await eventually("all is removed", async () => (await figure(nginx, "queued")) === 0);
    // Of each lane nothing is left but what its owner writes to.
    const segments = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".log"));
    expect(segments.length).toBeLessThanOrEqual(2);
});

test("a full disk is said, and what it does not take arrives from memory", async ({ skip }) => {
    await using receiver = await Receiver.start();
    await receiver.die();
    const disk = path.join(await spoolFolder(), "disk");
    await mkdir(disk);
    const isMounted = await run("mount", "-t", "tmpfs", "-o", "size=256k,mode=777", "tmpfs", disk).catch(
        () => undefined,
    );
    if (isMounted === undefined) skip("only those who may mount can try this");
    try {
        await using nginx = await durableNginx(receiver.sink, disk);
        await using pushers = new Pushers(nginx, "&filling=1000");
        await pushers.more(600);
        await pushers.stop();
        expect(await figure(nginx, "spool_failures_total")).toBeGreaterThan(200);
        expect(await figure(nginx, "spool_bytes")).toBeGreaterThan(100_000);
        expect(await figure(nginx, "queued")).toBeGreaterThanOrEqual(pushers.acknowledged.size);
        expect(await nginx.errorLog()).toMatch(/post_action: spool: sink log: cannot .*No space left on device/);
        await receiver.revive();
        await allArrived(pushers, receiver);
        expect(receiver.isInOrder).toBe(true);
        expect(receiver.copies).toBe(0);
        expect(await figure(nginx, "dropped_total", ',reason="overflow"')).toBe(0);
    } finally {
        await run("umount", "-l", disk);
    }
});
