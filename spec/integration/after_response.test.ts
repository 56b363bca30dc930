import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { CHECKOUT } from "./support/checkout";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import { NativeNginx } from "./support/native_nginx";
import { parseMetrics } from "./support/scenario";
import { Streamed } from "./support/streamed";

/** A server that may hold its answers until it is told to give them. */
class HeldServer {
    /** The bodies of requests, in the order in which they came. */
    readonly bodies: string[] = [];
    readonly headers: http.IncomingHttpHeaders[] = [];
    /** Requests that wait for their answer, and how many did at most. */
    readonly held: http.ServerResponse[] = [];
    mostHeld = 0;
    holds = false;
    /** Whether the first piece of a held answer leaves at once. */
    begins = false;
    private server = http.createServer();

    private constructor(readonly port: number) {}

    static async start(port = 0): Promise<HeldServer> {
        const server = http.createServer().listen(port, "127.0.0.1");
        await new Promise((resolve) => server.once("listening", resolve));
        const started = new HeldServer((server.address() as AddressInfo).port);
        started.server = server;
        server.on("request", (request, response) => {
            const chunks: Buffer[] = [];
            request.on("data", (chunk: Buffer) => chunks.push(chunk));
            request.on("end", () => {
                started.bodies.push(Buffer.concat(chunks).toString());
                started.headers.push(request.headers);
                response.setHeader("X-Water-Quality", "good");
                if (!started.holds) response.end("done");
                else started.mostHeld = Math.max(started.mostHeld, started.held.push(response));
                if (started.holds && started.begins) response.write("begun ");
            });
        });
        return started;
    }

    get ponds(): string[] {
        return this.bodies.map((body) => (JSON.parse(body) as { pond: string }).pond);
    }

    /** Answers all that wait, and does not hold any more. */
    release(): void {
        this.holds = false;
        for (const response of this.held.splice(0)) response.end("done");
    }

    /** Breaks all connections, and takes no more. */
    async kill(): Promise<void> {
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }
}

interface Scenario {
    nginx: NativeNginx;
    node: HeldServer;
    receiver: HeldServer;
    url(pond: number): string;
    /** Samples of the actions, by what stands after "openclaw_post_action_actions_". */
    figures(): Promise<Record<string, number>>;
}

/** nginx/scenarios/after-response.conf itself, on free ports and with such limits. */
async function startScenario(limits = "", workers = 1): Promise<Scenario> {
    const node = await HeldServer.start();
    const receiver = await HeldServer.start();
    const port = await freePort();
    const read = (name: string) => readFileSync(path.join(CHECKOUT, "nginx", name), "utf8");
    let conf = read("scenarios/after-response.conf");
    for (const [from, to] of [
        ["127.0.0.1:8101", `127.0.0.1:${node.port}`],
        ["127.0.0.1:8104", `127.0.0.1:${receiver.port}`],
        ["127.0.0.1:8080", `127.0.0.1:${port}`],
        ["worker_processes 2", `worker_processes ${workers}`],
        ["error_log stderr error", "error_log error.log notice"],
        ["include          ../", "include ../"],
        ["local after =", `require("resty.openclaw.post_action").limit_after({ ${limits} })\nlocal after =`],
    ] as const) {
        if (!conf.includes(from)) throw new Error(`the scenario does not say: ${from}`);
        conf = conf.replaceAll(from, to);
    }
    const files: Record<string, string> = { "nginx.conf": conf.replaceAll("include ../", "include nginx/") };
    for (const name of ["openclaw.conf", "errors.conf", "proxy.conf", "route.conf"])
        files[`nginx/${name}`] = read(name);
    const nginx = await NativeNginx.start({ workers, server: "", files });
    onTestFinished(async () => {
        await nginx.stop();
        await Promise.all([node.kill(), receiver.kill()]);
    });
    return {
        nginx,
        node,
        receiver,
        url: (pond) => `http://127.0.0.1:${port}/api/crawfish/water?pond=${pond}`,
        async figures() {
            const answer = await fetch(`http://127.0.0.1:${port}/metrics/openclaw`);
            const found: Record<string, number> = {};
            for (const [sample, value] of parseMetrics(await answer.text())) {
                const [, name] = sample.split("openclaw_post_action_actions_");
                if (name !== undefined) found[name] = value;
            }
            return found;
        },
    };
}

function outcomes(done: number, failed: number, dropped: number): Record<string, number> {
    return { 'total{outcome="done"}': done, 'total{outcome="failed"}': failed, 'total{outcome="dropped"}': dropped };
}

async function ask(url: string): Promise<string> {
    const answer = await fetch(url, { headers: { connection: "close" }, signal: AbortSignal.timeout(10_000) });
    expect(answer.status).toBe(200);
    return answer.text();
}

/** Asks over an agent's connection; resolves with the answer and the client's port of that connection. */
function askOver(agent: http.Agent, url: string): Promise<{ text: string; port: number | undefined }> {
    return new Promise((resolve, reject) => {
        const sent = http.get(url, { agent, timeout: 10_000 }, (answer) => {
            const port = answer.socket.localPort;
            let text = "";
            answer.on("data", (chunk) => (text += String(chunk)));
            answer.on("end", () => resolve({ text, port }));
        });
        sent.on("timeout", () => sent.destroy(new Error("no answer in time")));
        sent.on("error", reject);
    });
}

async function isAlive(pid: number): Promise<boolean> {
    const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
    return status !== undefined && !/\) Z /.test(status);
}

async function areGone(pids: number[]): Promise<boolean> {
    return !(await Promise.all(pids.map(isAlive))).includes(true);
}

test("the next request on a connection is answered while the action of the first one goes on", async () => {
    const { url, receiver, figures } = await startScenario();
    receiver.holds = true;
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const first = await askOver(agent, url(1));
    await eventually("the first action has begun", () => receiver.held.length === 1);
    const second = await askOver(agent, url(2));
    expect(second).toEqual({ text: "done", port: first.port });
    await eventually("the second action has begun", () => receiver.held.length === 2);
    expect(await figures()).toMatchObject({ running: 2, waiting: 0 });
    receiver.release();
    await eventually("both are done", async () => (await figures())['total{outcome="done"}'] === 2);
    expect(await figures()).toMatchObject({ ...outcomes(2, 0, 0), running: 0 });
    expect(receiver.bodies.map((body) => JSON.parse(body) as unknown)).toEqual([
        { pond: "1", quality: "good", status: 200, request_id: expect.any(String) as unknown },
        { pond: "2", quality: "good", status: 200, request_id: expect.any(String) as unknown },
    ]);
    expect(receiver.headers[0]?.["idempotency-key"]).toMatch(/^"[0-9a-f]{32}"$/);
});

test("an action begins only when the response is complete", async () => {
    const { url, node, receiver } = await startScenario();
    node.holds = true;
    node.begins = true;
    const answer = await Streamed.open(url(1));
    await answer.until("begun");
    // Another request goes all the way meanwhile, so that an action of the first one would have come before its own.
    node.holds = false;
    await ask(url(2));
    await eventually("an action has come", () => receiver.bodies.length > 0);
    expect(receiver.ponds).toEqual(["2"]);
    node.release();
    expect(await answer.rest()).toBe("begun done");
    await eventually("the other has come", () => receiver.bodies.length === 2);
    expect(receiver.ponds).toEqual(["2", "1"]);
});

test("a reload runs all actions that wait", async () => {
    const { url, nginx, receiver, figures } = await startScenario("max_running = 1");
    receiver.holds = true;
    for (let pond = 1; pond <= 20; pond += 1) await ask(url(pond));
    await eventually("one runs", () => receiver.held.length === 1);
    expect(await figures()).toMatchObject({ running: 1, waiting: 19 });
    const old = await nginx.workerPids();
    await nginx.reload();
    expect(await nginx.drainingPids()).toEqual(old);
    expect(receiver.bodies.length).toBe(1);
    receiver.release();
    await eventually("all have come", () => receiver.bodies.length === 20);
    expect(receiver.ponds).toEqual(Array.from({ length: 20 }, (_, index) => String(index + 1)));
    await eventually("the old worker is gone", () => areGone(old));
    expect(await figures()).toMatchObject({ ...outcomes(20, 0, 0), running: 0, waiting: 0 });
});

test("a worker that exits waits for a dead receiver no longer than it is told, and says what is lost", async () => {
    const { url, nginx, receiver, figures } = await startScenario("max_running = 2, drain_seconds = 1");
    receiver.holds = true;
    for (let pond = 1; pond <= 7; pond += 1) await ask(url(pond));
    await eventually("two run", () => receiver.held.length === 2);
    const old = await nginx.workerPids();
    await nginx.reload();
    await eventually("the old worker is gone", () => areGone(old));
    expect(await figures()).toMatchObject({ ...outcomes(0, 0, 7), running: 0, waiting: 0 });
    expect(await nginx.errorLog()).toMatch(/post_action: action_exit: .*the worker exits/);
    expect(receiver.bodies.length).toBe(2);
});

test("requests are answered when the receiver dies, and its failures are counted", async () => {
    const { url, nginx, receiver, figures } = await startScenario();
    receiver.holds = true;
    for (let pond = 1; pond <= 3; pond += 1) await ask(url(pond));
    await eventually("all run", () => receiver.held.length === 3);
    await receiver.kill();
    for (let pond = 4; pond <= 6; pond += 1) expect(await ask(url(pond))).toBe("done");
    await eventually("all are given up", async () => (await figures())['total{outcome="failed"}'] === 6);
    expect(await figures()).toMatchObject({ ...outcomes(0, 6, 0), running: 0, waiting: 0 });
    const log = await nginx.errorLog();
    expect(log.match(/post_action: action: /g)?.length).toBe(1);
    const next = await HeldServer.start(receiver.port);
    onTestFinished(() => next.kill());
    await ask(url(7));
    await eventually("the next one has come", () => next.bodies.length === 1);
    expect(next.ponds).toEqual(["7"]);
});

test("neither more run nor more wait than may", async () => {
    const { url, receiver, figures } = await startScenario("max_running = 2, max_waiting = 3");
    receiver.holds = true;
    for (let pond = 1; pond <= 10; pond += 1) expect(await ask(url(pond))).toBe("done");
    await eventually("two run", () => receiver.held.length === 2);
    expect(await figures()).toMatchObject({ ...outcomes(0, 0, 5), running: 2, waiting: 3 });
    // They are answered one by one, and each makes place for one.
    while (receiver.bodies.length < 5) {
        const come = receiver.bodies.length;
        receiver.held.shift()?.end("done");
        await eventually("the next one has come", () => receiver.bodies.length === come + 1);
    }
    receiver.release();
    await eventually("all are done", async () => (await figures())['total{outcome="done"}'] === 5);
    expect(receiver.mostHeld).toBe(2);
    expect([...receiver.ponds].sort()).toEqual(["1", "2", "3", "4", "5"]);
});
