/** The plugin image among clients that leave, helper processes that lie, and machines that are out of everything. */
import { chmod, readdir, rm } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { EdgeGateway } from "./support/edge_gateway";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import {
    type Helper,
    helpersOf,
    KeepingNode,
    post,
    running,
    startImageGateway,
    waiting,
} from "./support/image_gateway";
import type { NativeNginx } from "./support/native_nginx";
import { look, scene } from "./support/pictures";
import { ServerProcess } from "./support/process";

let node: KeepingNode;

beforeEach(async () => {
    node = await KeepingNode.start();
});

/** Sends a request, and leaves so long after its last byte was taken. */
function sendAndLeave(gateway: NativeNginx, body: Buffer, afterMs: number): Promise<void> {
    return new Promise((resolve) => {
        const client = net.connect(gateway.port, "127.0.0.1");
        client.on("error", () => undefined);
        client.once("close", () => resolve());
        client.write(`POST / HTTP/1.1\r\nHost: g\r\nContent-Length: ${body.length}\r\n\r\n`);
        client.write(body, () => setTimeout(() => client.destroy(), afterMs));
    });
}

describe("places", () => {
    test("a client that leaves while its body is handed over takes no place with it", async () => {
        const gateway = await startImageGateway(node, {
            image: "jobs = 2, max_bytes = 100000000",
            location: "client_body_buffer_size 64m;",
            workers: 1,
        });
        const picture = await scene("png", 64, 64);
        const large = Buffer.concat([picture, Buffer.alloc(40_000_000)]);
        for (let ms = 0; ms < 40; ms += 2) await sendAndLeave(gateway, large, ms);
        await eventually("all places are free", async () => (await running(gateway)) === 0, 30_000);
        const small = await scene("png", 64, 64);
        await eventually("images are converted", async () => (await post(gateway, small)).status === 200);
    });

    test("are given back where nginx has no timer left for conversions, and the log says so", async () => {
        const gateway = await startImageGateway(node, {
            image: "jobs = 4, seconds = 1",
            http: "lua_max_running_timers 2;",
            workers: 1,
        });
        const picture = await scene("png", 1500, 1500);
        const answers = await Promise.all(Array.from({ length: 12 }, () => post(gateway, picture)));
        expect(answers.filter(({ code }) => code === "image_timeout").length).toBeGreaterThan(0);
        await eventually("all places are free", async () => (await running(gateway)) === 0, 30_000);
        const small = await scene("png", 64, 64);
        await eventually("images are converted", async () => (await post(gateway, small)).status === 200);
        expect(await gateway.errorLog()).toContain("image: timer: nginx has not run the timer");
    });

    test("may be more than there are Lua VMs for threads: the others wait", async () => {
        const gateway = await startImageGateway(node, {
            image: "jobs = 8, queue = 100",
            http: "lua_worker_thread_vm_pool_size 2;",
            workers: 1,
        });
        const picture = await scene("png", 500, 500);
        const answers = await Promise.all(Array.from({ length: 16 }, () => post(gateway, picture)));
        expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => 200));
    });

    test("that cannot be noted, as the dict is full, are missing, and the log says so", async () => {
        const gateway = await startImageGateway(node, {
            image: "queue_seconds = 0.5",
            server: `location = /fill { content_by_lua_block {
                for size = 3, 0, -1 do
                    local value, number = string.rep("x", 10 ^ size), 0
                    repeat number = number + 1 until not ngx.shared.openclaw:safe_set(size .. " " .. number, value)
                end
            } }`,
        });
        await gateway.get("/fill");
        const answer = await post(gateway, await scene("png", 64, 64));
        expect(answer).toMatchObject({ status: 503, code: "image_queue_timeout" });
        expect(await gateway.errorLog()).toContain("image: dict: cannot note that a conversion runs: no memory");
    });
});

describe("reload", () => {
    test.each(["thread", "process"])("no request is lost, in a %s", async (isolate) => {
        const gateway = await startImageGateway(node, {
            image: `isolate = "${isolate}", jobs = 1, queue = 100, queue_seconds = 60`,
        });
        const picture = await scene("png", 1500, 1500);
        const asked = Array.from({ length: 14 }, () => post(gateway, picture));
        await eventually("some wait", async () => (await waiting(gateway)) > 6);
        await gateway.reload();
        await gateway.reload();
        const answers = await Promise.all(asked);
        expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 14 }, () => 200));
        await eventually("old ones have ended", async () => (await gateway.drainingPids()).length === 0, 20_000);
        expect(await running(gateway)).toBe(0);
        expect(await waiting(gateway)).toBe(0);
    });
});

/** Holds a lock in a folder, as its helper does: gateways of other suites remove folders without one, as those of helpers that have died. */
async function keep(folder: string): Promise<ServerProcess> {
    const script = "echo held; exec sleep 600";
    const holder = ServerProcess.start("flock", "--no-fork", `${folder}/image_test.lock`, "sh", "-c", script);
    onTestFinished(() => holder.stop());
    await eventually("the lock is held", () => holder.log.includes("held"));
    return holder;
}

/** A gateway with one helper process, and a picture that it converts. */
async function startWithHelper(): Promise<{ gateway: NativeNginx; picture: Buffer }> {
    const gateway = await startImageGateway(node, { image: 'isolate = "process", jobs = 1, seconds = 2' });
    const picture = await scene("png", 64, 64);
    expect(await post(gateway, picture)).toMatchObject({ status: 200 });
    const [{ folder }] = (await helpersOf(gateway)) as [Helper];
    await keep(folder);
    return { gateway, picture };
}

/**
 * Takes the place of the gateway's only helper process: `speak` says what it says, once it has got the order; without a greeting it ends
 * before that. Resolves with what ends it, and says how many connections it has had.
 */
async function takeOver(
    gateway: NativeNginx,
    speak: (client: net.Socket) => void,
    greeting = "00000005ready",
): Promise<() => number> {
    const [{ pid, folder }] = (await helpersOf(gateway)) as [Helper];
    const name = (await readdir(folder)).find((one) => !/\.(conf|lock)$/.test(one));
    const path = `${folder}/${name}`;
    process.kill(pid, "SIGKILL");
    await rm(path);
    let count = 0;
    const server = net.createServer((client) => {
        count += 1;
        client.on("error", () => undefined);
        if (greeting === "") return void client.end();
        client.write(greeting);
        client.once("data", () => speak(client));
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await chmod(path, 0o777);
    const end = (): number => {
        server.close();
        return count;
    };
    onTestFinished(async () => {
        end();
        await rm(folder, { recursive: true, force: true });
    });
    return end;
}

function framed(value: unknown): string {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return text.length.toString(16).padStart(8, "0") + text;
}

const IMAGE = { source_type: "image/png", source_bytes: 1, source_pixels: 1, bytes: 4, width: 1, height: 1 };
const DONE = { memory: 1, bytes: 4, content_type: "image/jpeg", images: [IMAGE], seconds: 1 };

const LIES: [what: string, said: string][] = [
    ["no length", "zzzzzzzz"],
    ["a negative length", "-0000001"],
    ["a length too large", "7fffffff"],
    ["no JSON", framed("hello")],
    ["a text", framed('"hello"')],
    ["nothing", framed("{}")],
    ["JSON without end", framed("[".repeat(100_000))],
    ["an address of memory, and no bytes", framed({ ...DONE, bytes: undefined })],
    ["a negative number of bytes", framed({ ...DONE, bytes: -1 })],
    ["bytes that are no number", framed({ ...DONE, bytes: "4" })],
    [
        "more bytes than there are numbers",
        framed(JSON.stringify(DONE).replace('"bytes":4,"content', '"bytes":NaN,"content')),
    ],
    ["too many bytes", framed({ ...DONE, bytes: 1e15 })],
    ["more bytes than it sends", `${framed({ ...DONE, bytes: 100_000 })}fake`],
    ["a header in a type", `${framed({ ...DONE, content_type: "image/jpeg\r\nX-Role: admin" })}fake`],
    ["a type that is a list", `${framed({ ...DONE, content_type: ["a", "b"] })}fake`],
    ["a request line in a query", `${framed({ ...DONE, query: "a HTTP/1.1\r\nX-Role: admin\r\n\r\n" })}fake`],
    ["a query that is a table", `${framed({ ...DONE, query: { a: 1 } })}fake`],
    ["no images", `${framed({ ...DONE, images: [] })}fake`],
    ["images that are none", `${framed({ ...DONE, images: [{ ...IMAGE, bytes: "many" }] })}fake`],
    ["a million images", `${framed({ ...DONE, images: Array.from({ length: 9000 }, () => IMAGE) })}fake`],
    ["addresses that nobody wants", framed({ addresses: ["http://169.254.169.254/"] })],
];

describe("a helper process", () => {
    test("that was taken over can answer, as any other", async () => {
        const { gateway, picture } = await startWithHelper();
        await takeOver(gateway, (client) => client.end(`${framed(DONE)}fake`));
        expect(await post(gateway, picture)).toMatchObject({ status: 200 });
        expect(node.last().body.toString()).toBe("fake");
    });

    test("that says what is no answer costs its request only", async () => {
        const { gateway, picture } = await startWithHelper();
        const workers = await gateway.workerPids();
        for (const [what, said] of LIES) {
            const end = await takeOver(gateway, (client) => client.end(said, "latin1"));
            expect([what, await post(gateway, picture)]).toMatchObject([what, { status: 422, code: "broken_image" }]);
            expect([what, end()]).toEqual([what, 1]);
            expect([what, await post(gateway, picture)]).toMatchObject([what, { status: 200 }]);
        }
        expect(node.seen.length).toBe(1 + LIES.length);
        expect(await gateway.workerPids()).toEqual(workers);
    });

    test("that makes up codes makes up no metrics, and no lines in the log", async () => {
        let count = 0;
        const { gateway, picture } = await startWithHelper();
        await takeOver(gateway, (client) => {
            count += 1;
            client.end(framed({ problem: `made_up_${count}`, message: "a", detail: "b\n2026/01/01 [emerg] root: c" }));
        });
        for (let time = 0; time < 3; time += 1) expect((await post(gateway, picture)).status).toBe(500);
        expect(await gateway.get("/metrics")).not.toContain("made_up");
        expect(await gateway.errorLog()).not.toMatch(/^2026\/01\/01/m);
    });

    test("that never ends its answer is ended", async () => {
        const { gateway, picture } = await startWithHelper();
        await takeOver(gateway, (client) => {
            client.write("00010000");
            const timer = setInterval(() => client.write(" "), 500);
            client.once("close", () => clearInterval(timer));
        });
        expect(await post(gateway, picture)).toMatchObject({ status: 503, code: "image_timeout" });
        await eventually("its place is free", async () => (await running(gateway)) === 0, 3000);
    });

    test("that ends before it has the order is replaced, and nobody notices", async () => {
        const { gateway, picture } = await startWithHelper();
        const end = await takeOver(gateway, () => undefined, "");
        expect(await post(gateway, picture)).toMatchObject({ status: 200 });
        expect(end()).toBe(1);
    });
});

describe("one request", () => {
    test("that is sent to another route with image is converted once, and keeps its body and its query", async () => {
        const gateway = await startImageGateway(node, {
            image: 'format = "webp"',
            routes: 'other = { upstream = "cluster", image = { formats = { "png" } } },',
            location: "error_page 502 = @other;",
            server: `
                location /broken {
                    set $openclaw_route analyze;
                    include route.conf;
                    proxy_pass http://127.0.0.1:1;
                    error_page 502 = @other;
                }
                location @other {
                    set $openclaw_route other;
                    include route.conf;
                    proxy_pass http://cluster;
                }`,
        });
        const form = new FormData();
        form.set("camera", "7");
        form.set("image", new Blob([new Uint8Array(await scene("png", 64, 64))]), "pond.png");
        expect(await post(gateway, form, {}, "/broken?day=1")).toMatchObject({ status: 200 });
        const { url, body, headers } = node.last();
        expect(url).toBe("/broken?day=1&camera=7");
        expect(headers["x-openclaw-image"]).toBe("converted");
        expect(await look(body)).toMatchObject({ format: "WEBP" });
        await post(gateway, Buffer.from("hello"), {}, "/broken").then(({ status }) => expect(status).toBe(415));
    });

    test("has no mark in any spelling, if nobody has converted it", async () => {
        const gateway = await startImageGateway(node, {
            http: "underscores_in_headers on;",
            image: "converted_by = true",
            // It may say who asks.
            route: "plugins = { { access = function() end } },",
        });
        for (const name of ["X-OpenClaw-Image", "X_OpenClaw_Image", "x-openclaw_image", "X_OPENCLAW-IMAGE"]) {
            const headers = { [name]: "converted", "Content-Type": "application/json" };
            expect(await post(gateway, '{"messages":[]}', headers)).toMatchObject({ status: 200 });
            expect(Object.keys(node.last().headers).filter((one) => one.includes("openclaw"))).toEqual([]);
        }
    });
});

describe("helper processes", () => {
    test("end with their gateway, and leave nothing", async () => {
        const gateway = await startImageGateway(node, { image: 'isolate = "process", jobs = 2' });
        const picture = await scene("png", 64, 64);
        await Promise.all([post(gateway, picture), post(gateway, picture)]);
        const [{ folder }] = (await helpersOf(gateway)) as [Helper];
        await gateway.crash();
        await eventually(
            "its folder is gone",
            async () =>
                readdir(folder).then(
                    () => false,
                    () => true,
                ),
            10_000,
        );
    });

    test("what a killed one leaves is removed by the next gateway, and the folders of others stay", async () => {
        const others = await startImageGateway(node, { image: 'isolate = "process"' });
        const killed = await startImageGateway(node, { image: 'isolate = "process"' });
        const picture = await scene("png", 64, 64);
        for (const gateway of [others, killed]) await post(gateway, picture);
        const [{ folder: kept }] = (await helpersOf(others)) as [Helper];
        const [{ pid, folder: left }] = (await helpersOf(killed)) as [Helper];
        const holder = await keep(left);
        process.kill(pid, "SIGKILL");
        await killed.crash();
        expect(await readdir(left)).toContainEqual(expect.stringMatching(/^image_/));
        await holder.stop();
        const next = await startImageGateway(node, { image: 'isolate = "process"' });
        expect(await post(next, picture)).toMatchObject({ status: 200 });
        await expect(readdir(left)).rejects.toThrow("ENOENT");
        expect((await readdir(kept)).length).toBeGreaterThan(0);
        expect(await post(others, picture)).toMatchObject({ status: 200 });
    });
});

describe("at the edge", () => {
    test("what is stored while the link is down is converted, delivered once, and not converted again", async () => {
        const port = await freePort();
        const edge = await EdgeGateway.start({
            nodes: [`127.0.0.1:${port}`],
            digest: false,
            main: "thread_pool default threads=2;",
            ofRoute: 'image = { format = "webp" },',
        });
        onTestFinished(() => edge[Symbol.asyncDispose]());
        const form = new FormData();
        form.set("camera", "7");
        form.set("image", new Blob([new Uint8Array(await scene("png", 64, 64))]), "pond.png");
        let posted = 0;
        await eventually("a job is stored", async () => {
            posted += 1;
            const response = await fetch(edge.url("/plain/pond?day=1"), { method: "POST", body: form });
            return response.status === 202;
        });
        const received: { url: string; body: Buffer; mark: unknown }[] = [];
        const centre = http.createServer((request, response) => {
            const chunks: Buffer[] = [];
            request.on("data", (chunk: Buffer) => chunks.push(chunk));
            request.on("end", () => {
                const mark = request.headers["x-openclaw-image"];
                if (request.method === "POST")
                    received.push({ url: request.url ?? "", body: Buffer.concat(chunks), mark });
                response.end("{}");
            });
        });
        await new Promise<void>((resolve) => centre.listen(port, "127.0.0.1", resolve));
        onTestFinished(() => {
            centre.closeAllConnections();
            centre.close();
        });
        await eventually("the job is delivered", () => received.length > 0);
        const trusted = 'openclaw_image_jobs_total{route="work",result="trusted"}';
        await eventually("it has passed as it was", async () => (await edge.metrics()).get(trusted) === 1, 10_000);
        expect(received.length).toBe(1);
        expect(received[0]).toMatchObject({ url: "/plain/pond?day=1&camera=7", mark: "converted" });
        expect(await look(received[0]?.body ?? Buffer.of())).toMatchObject({ format: "WEBP" });
        const metrics = await edge.metrics();
        expect(metrics.get('openclaw_image_jobs_total{route="work",result="converted"}')).toBe(posted);
    });
});
