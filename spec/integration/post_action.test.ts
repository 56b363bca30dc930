import { chmod, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually";
import { Load } from "./support/load";
import { NativeNginx } from "./support/native_nginx";

interface Entry {
    id: string;
    uri: string;
    status: number;
}

/** A log server that keeps how often each record came. */
class Receiver {
    /** How often each id came. */
    readonly ids = new Map<string, number>();
    /** How many different records of each path came. */
    readonly uris = new Map<string, number>();
    /** Answered instead of keeping the batch, while above 0. */
    failing = 0;

    private constructor(private readonly server: http.Server) {}

    static async start(): Promise<Receiver> {
        const server = http.createServer();
        const receiver = new Receiver(server);
        server.on("request", (request, response) => {
            const chunks: Buffer[] = [];
            request.on("data", (chunk: Buffer) => chunks.push(chunk));
            request.on("end", () => {
                if (receiver.failing > 0) response.statusCode = receiver.failing;
                else receiver.keep(Buffer.concat(chunks).toString());
                response.end();
            });
        });
        server.listen(0, "127.0.0.1");
        await new Promise((resolve) => server.once("listening", resolve));
        return receiver;
    }

    private keep(batch: string): void {
        expect(batch.endsWith("\n")).toBe(true);
        for (const line of batch.trimEnd().split("\n")) {
            const entry = JSON.parse(line) as Entry;
            const known = this.ids.get(entry.id) ?? 0;
            this.ids.set(entry.id, known + 1);
            if (known === 0) this.uris.set(entry.uri, (this.uris.get(entry.uri) ?? 0) + 1);
        }
    }

    /** What the option `sink` must be. */
    get sink(): string {
        return `{ type = "http", url = "http://127.0.0.1:${(this.server.address() as AddressInfo).port}/log" }`;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }
}

/** A server that records its requests in this sink, a table in Lua. */
function loggingNginx(sink: string, options = ""): Promise<NativeNginx> {
    return NativeNginx.start({
        http: `
            lua_socket_log_errors off;
            init_by_lua_block {
                post_action = require("resty.openclaw.post_action").new({
                    sink = ${sink},
                    ${options}
                })
            }
            exit_worker_by_lua_block { post_action:exit_worker() }`,
        server: `
            log_by_lua_block { post_action:log() }
            location = /work { content_by_lua_block { ngx.say("done") } }
            location = /stream {
                content_by_lua_block {
                    ngx.print(ngx.worker.pid(), " ")
                    ngx.flush(true)
                    ngx.sleep(tonumber(ngx.var.arg_seconds))
                    ngx.print("end")
                }
            }`,
    });
}

/** Begins a request to /stream; resolves with its worker as soon as it runs, and `end` when it is whole. */
function stream(nginx: NativeNginx, seconds: number): Promise<{ pid: number; end: Promise<string> }> {
    return new Promise((resolve, reject) => {
        const sent = http.get(nginx.url(`/stream?seconds=${seconds}`), { agent: false }, (answer) => {
            let body = "";
            const end = new Promise<string>((done, fail) => {
                answer.on("end", () => done(body));
                answer.on("error", fail);
            });
            answer.on("data", (chunk) => {
                body += String(chunk);
                resolve({ pid: Number.parseInt(body, 10), end });
            });
        });
        sent.on("error", reject);
    });
}

async function isAlive(pid: number): Promise<boolean> {
    const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
    return status !== undefined && !/\) Z /.test(status);
}

test("reloads under load lose no record", async () => {
    await using receiver = await Receiver.start();
    await using nginx = await loggingNginx(receiver.sink);
    await using load = new Load(nginx.url("/work"));
    for (let reload = 0; reload < 4; reload += 1) {
        const before = load.count(200);
        await nginx.reload();
        await eventually("the new workers have answered", () => load.count(200) > before + 500);
    }
    await load.stop();
    await eventually("every record has come", () => (receiver.uris.get("/work") ?? 0) >= load.count(200));
    expect(receiver.uris.get("/work")).toBeLessThanOrEqual(load.count(200) + load.errors);
    expect(Math.max(...receiver.ids.values())).toBe(1);
});

test("a graceful quit under load loses no record", async () => {
    await using receiver = await Receiver.start();
    await using nginx = await loggingNginx(receiver.sink, "batch_seconds = 600, batch_entries = 10000");
    await using load = new Load(nginx.url("/work"));
    await eventually("there is something to lose", () => load.count(200) > 500);
    const pids = await nginx.workerPids();
    const began = Date.now();
    for (const pid of pids) nginx.kill(pid, "SIGQUIT");
    await eventually("the workers are gone", async () => !(await Promise.all(pids.map(isAlive))).includes(true));
    // Neither the age of the batch nor the longest sleep holds them up.
    expect(Date.now() - began).toBeLessThan(60_000);
    const gone = receiver.ids.size;
    expect(gone).toBeGreaterThan(500);
    await load.stop();
    for (const pid of await nginx.workerPids()) nginx.kill(pid, "SIGQUIT");
    await eventually("every record has come", () => (receiver.uris.get("/work") ?? 0) >= load.count(200));
    expect(receiver.uris.get("/work")).toBeLessThanOrEqual(load.count(200) + load.errors);
});

test("a request that ends while its worker drains is recorded", async () => {
    await using receiver = await Receiver.start();
    await using nginx = await loggingNginx(receiver.sink);
    const streams = await Promise.all([stream(nginx, 1), stream(nginx, 1.5), stream(nginx, 2.5)]);
    const pids = streams.map(({ pid }) => pid);
    await nginx.reload();
    expect(await nginx.drainingPids()).toEqual(expect.arrayContaining([...new Set(pids)]));
    for (const { pid, end } of streams) expect(await end).toBe(`${pid} end`);
    await eventually("their records have come", () => receiver.uris.get("/stream") === 3);
    // Nothing keeps the workers then.
    await eventually("the workers are gone", async () => !(await Promise.all(pids.map(isAlive))).includes(true));
});

test("a worker that cannot deliver exits all the same, and says what is lost", async () => {
    await using receiver = await Receiver.start();
    await using nginx = await loggingNginx(receiver.sink, "drain_seconds = 1");
    receiver.failing = 503;
    for (let count = 0; count < 20; count += 1) await nginx.get("/work");
    const pids = await nginx.workerPids();
    const began = Date.now();
    for (const pid of pids) nginx.kill(pid, "SIGQUIT");
    await eventually("the workers are gone", async () => !(await Promise.all(pids.map(isAlive))).includes(true));
    expect(Date.now() - began).toBeLessThan(60_000);
    const lost = (await nginx.errorLog()).matchAll(/post_action: exit.*: sink http: (\d+) entries dropped/g);
    let sum = 0;
    for (const [, count] of lost) sum += Number(count);
    expect(sum).toBe(20);
    expect(receiver.ids.size).toBe(0);
});

test("an idle worker exits at once", async () => {
    await using receiver = await Receiver.start();
    await using nginx = await loggingNginx(receiver.sink);
    await nginx.get("/work");
    await eventually("the record has come", () => receiver.ids.size === 1);
    const pids = await nginx.workerPids();
    const began = Date.now();
    for (const pid of pids) nginx.kill(pid, "SIGQUIT");
    await eventually("the workers are gone", async () => !(await Promise.all(pids.map(isAlive))).includes(true));
    expect(Date.now() - began).toBeLessThan(60_000);
});

test("workers write whole lines to one file, which may be moved away", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "openclaw-log-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    // Workers write there, whoever they run as.
    await chmod(folder, 0o777);
    const log = path.join(folder, "requests.log");
    await using nginx = await loggingNginx(`{ type = "file", path = "${log}" }`, "batch_seconds = 0.02");
    await using load = new Load(nginx.url("/work"));
    for (let move = 1; move <= 5; move += 1) {
        await eventually("there is a new file", async () => (await stat(log)).size > 0);
        await rename(log, `${log}.${move}`);
    }
    await load.stop();
    const entries = async () => {
        const texts = (await readdir(folder)).map((name) => readFile(path.join(folder, name), "utf8"));
        const lines = (await Promise.all(texts)).join("").trimEnd().split("\n");
        return lines.map((line) => JSON.parse(line) as Entry);
    };
    await eventually("every record is written", async () => (await entries()).length >= load.count(200));
    const ids = (await entries()).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeLessThanOrEqual(load.count(200) + load.errors);
});
