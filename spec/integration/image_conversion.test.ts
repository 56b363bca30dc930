/** The plugin image in a real nginx: real pictures, hostile clients, workers and helper processes that die. */
import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import net from "node:net";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually";
import {
    type Answer,
    helpersOf,
    KeepingNode,
    metric,
    post,
    running,
    startImageGateway,
    waiting,
} from "./support/image_gateway";
import type { NativeNginx } from "./support/native_nginx";
import { draw, look, photographWithPlace, scene } from "./support/pictures";

let node: KeepingNode;

beforeEach(async () => {
    node = await KeepingNode.start();
});

/** The pids of the gateway's helper processes. */
async function helperPids(gateway: NativeNginx): Promise<number[]> {
    return (await helpersOf(gateway)).map(({ pid }) => pid);
}

describe("one form in", () => {
    test("a large PNG reaches the node as a small JPEG, with headers that are true", async () => {
        const gateway = await startImageGateway(node);
        const png = await scene("png", 2000, 1500);
        const answer = await post(gateway, png, {
            "Content-Type": "image/png",
            "Content-MD5": "x",
            Digest: "sha-256=x",
            "Content-Digest": "sha-256=:x:",
        });
        expect(answer).toMatchObject({ status: 200, text: '{"label":"crawfish"}' });
        const { headers, body } = node.last();
        expect(await look(body)).toEqual({ format: "JPEG", width: 1024, height: 768 });
        expect(headers).toMatchObject({
            "content-type": "image/jpeg",
            "content-length": String(body.length),
            "x-openclaw-image": "converted",
        });
        expect(headers["content-md5"] ?? headers.digest ?? headers["content-digest"]).toBeUndefined();
        expect(await metric(gateway, 'openclaw_image_jobs_total{route="analyze",result="converted"}')).toBe(1);
        expect(await metric(gateway, 'openclaw_image_pixels_total{route="analyze",direction="in"}')).toBe(3_000_000);
        expect(await metric(gateway, 'openclaw_image_pixels_total{route="analyze",direction="out"}')).toBe(786_432);
        expect(await metric(gateway, 'openclaw_image_bytes_total{route="analyze",direction="in"}')).toBe(png.length);
        expect(await metric(gateway, 'openclaw_image_bytes_total{route="analyze",direction="out"}')).toBe(body.length);
    });

    test("a form, base64, a data URL and a chat message with the same picture reach the node as the same JPEG", async () => {
        const gateway = await startImageGateway(node);
        const png = await scene("png", 300, 200);
        const base64 = png.toString("base64");
        await post(gateway, png);
        const converted = node.last().body;
        const form = new FormData();
        form.set("image", new Blob([new Uint8Array(png)], { type: "image/png" }), "pond.png");
        await post(gateway, form);
        expect(node.last().body.equals(converted)).toBe(true);
        const json = { "Content-Type": "application/json" };
        await post(gateway, JSON.stringify({ image: base64 }), json);
        expect(node.last().body.equals(converted)).toBe(true);
        await post(gateway, JSON.stringify({ image: `data:image/png;base64,${base64}` }), json);
        expect(node.last().body.equals(converted)).toBe(true);
        const parts = [
            { type: "text", text: "How many crawfish?" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${base64}`, detail: "low" } },
        ];
        const chat = { model: "vision", messages: [{ role: "user", content: parts }], seed: 12345678901234567 };
        await post(gateway, JSON.stringify(chat), json);
        const asked = JSON.parse(node.last().body.toString()) as typeof chat;
        const url = asked.messages[0]?.content[1]?.image_url?.url ?? "";
        expect(url.slice(0, 23)).toBe("data:image/jpeg;base64,");
        expect(Buffer.from(url.slice(23), "base64").equals(converted)).toBe(true);
        expect(asked).toMatchObject({ model: "vision", messages: [{ role: "user" }] });
        expect(node.last().headers["content-length"]).toBe(String(node.last().body.length));
    });

    test("a chat without a picture reaches the node as it is", async () => {
        const gateway = await startImageGateway(node);
        const chat = '{"model":"m","messages":[{"role":"user","content":"hello"}],  "x": 1.50}';
        expect(await post(gateway, chat, { "Content-Type": "application/json" })).toMatchObject({ status: 200 });
        expect(node.last().body.toString()).toBe(chat);
        expect(await metric(gateway, 'openclaw_image_jobs_total{route="analyze",result="untouched"}')).toBe(1);
    });

    test("other fields go on, into JSON, a form or the query", async () => {
        const png = await scene("png", 64, 64);
        const form = new FormData();
        form.set("camera", "pond 7 & more");
        form.set("image", new Blob([new Uint8Array(png)], { type: "image/png" }), "pond.png");

        const raw = await startImageGateway(node, { image: 'send = "raw"' });
        await post(raw, form, {}, "/api/analyze?day=1");
        const url = new URL(node.last().url, "http://node");
        expect(Object.fromEntries(url.searchParams)).toEqual({ day: "1", camera: "pond 7 & more" });

        const json = await startImageGateway(node, { image: 'send = "json", format = "webp"' });
        await post(json, form);
        const sent = JSON.parse(node.last().body.toString()) as Record<string, unknown>;
        expect(sent).toMatchObject({ camera: "pond 7 & more", content_type: "image/webp", width: 64, height: 64 });
        expect(await look(Buffer.from(String(sent.image), "base64"))).toMatchObject({ format: "WEBP" });
        expect(node.last().headers["content-type"]).toBe("application/json");

        const multipart = await startImageGateway(node, { image: 'send = "multipart"' });
        await post(multipart, JSON.stringify({ image: png.toString("base64"), camera: "pond 7" }), {
            "Content-Type": "application/json",
        });
        const response = new Response(new Uint8Array(node.last().body), {
            headers: { "Content-Type": String(node.last().headers["content-type"]) },
        });
        const got = await response.formData();
        expect(got.get("camera")).toBe("pond 7");
        expect(await look(Buffer.from(await (got.get("image") as Blob).arrayBuffer()))).toMatchObject({
            format: "JPEG",
        });
    });

    test("a result of megabytes reaches the node whole", async () => {
        const gateway = await startImageGateway(node, { image: 'format = "png", max_side = 4096' });
        const picture = await draw("png", "-size", "1500x1200", "xc:gray", "-seed", "3", "+noise", "Random");
        expect(picture.length).toBeGreaterThan(3_000_000);
        expect(await post(gateway, picture)).toMatchObject({ status: 200 });
        expect(await look(node.last().body)).toEqual({ format: "PNG", width: 1500, height: 1200 });
        expect(node.last().headers["content-length"]).toBe(String(node.last().body.length));
    });

    test("a body in chunks is converted, too", async () => {
        const gateway = await startImageGateway(node);
        const png = await scene("png", 300, 200);
        const answer = await new Promise<number>((resolve, reject) => {
            const request = http.request(gateway.url("/api/analyze"), { method: "POST" }, (response) => {
                response.resume();
                resolve(response.statusCode ?? 0);
            });
            request.on("error", reject);
            request.write(png.subarray(0, 1000));
            request.end(png.subarray(1000));
        });
        expect(answer).toBe(200);
        expect(node.last().headers["transfer-encoding"]).toBeUndefined();
        expect(await look(node.last().body)).toMatchObject({ format: "JPEG", width: 300 });
    });

    test("where a photograph was taken reaches neither the node, nor the cache, nor the log", async () => {
        const gateway = await startImageGateway(node, {
            image: "max_side = 2000",
            route: "cache = { shared = true },",
            location: "include cache.conf; proxy_cache answers;",
        });
        const photograph = await photographWithPlace();
        expect(photograph.includes("SecretFarmOwner")).toBe(true);
        expect(await post(gateway, photograph)).toMatchObject({ status: 200 });
        expect(await look(node.last().body)).toMatchObject({ format: "JPEG", width: 640 });
        for (const text of ["SecretFarmOwner", "2099:12:31", "Exif"]) {
            expect(node.last().body.includes(text)).toBe(false);
            expect(await gateway.errorLog()).not.toContain(text);
        }
        const again = await post(gateway, photograph);
        expect(again.headers.get("x-cache-status")).toBe("HIT");
    });

    test("two files that convert to the same bytes share an answer", async () => {
        const gateway = await startImageGateway(node, {
            image: 'format = "png", max_side = 64',
            route: "cache = { shared = true },",
            location: "include cache.conf; proxy_cache answers;",
        });
        const drawing = ["-size", "40x40", "gradient:red-blue", "-depth", "8"];
        const small = await draw("png", ...drawing, "-define", "png:compression-level=9");
        const large = await draw("png", ...drawing, "-define", "png:compression-level=0");
        expect(large.length).toBeGreaterThan(small.length);
        const first = await post(gateway, small);
        const second = await post(gateway, large);
        expect([first, second].map(({ headers }) => headers.get("x-cache-status"))).toEqual(["MISS", "HIT"]);
        expect(node.seen.length).toBe(1);
    });
});

describe("limits", () => {
    test("a broken image, another format, and what is no image get their codes, and no node is asked", async () => {
        const gateway = await startImageGateway(node, {
            image: 'formats = { "jpeg", "png" }, max_pixels = 100000, max_bytes = 100000',
        });
        const png = await scene("png", 200, 200);
        expect(await post(gateway, png.subarray(0, png.length / 2))).toMatchObject({
            status: 422,
            code: "broken_image",
        });
        expect(await post(gateway, await draw("gif", "-size", "9x9", "xc:red"))).toMatchObject({
            status: 415,
            code: "unsupported_media_type",
        });
        expect(await post(gateway, "hello")).toMatchObject({ status: 415, code: "unsupported_media_type" });
        expect(await post(gateway, await draw("png", "-size", "500x500", "xc:red"))).toMatchObject({
            status: 422,
            code: "image_too_large",
        });
        expect(await post(gateway, randomBytes(300_000))).toMatchObject({ status: 413, code: "body_too_large" });
        expect(await post(gateway, Buffer.concat([png, randomBytes(110_000)]))).toMatchObject({
            status: 413,
            code: "body_too_large",
        });
        expect(await post(gateway, "")).toMatchObject({ status: 422, code: "no_image" });
        expect(await post(gateway, "{}", { "Content-Type": "application/json" })).toMatchObject({
            status: 422,
            code: "no_image",
        });
        expect(await post(gateway, png, { "Content-Encoding": "gzip" })).toMatchObject({ status: 415 });
        expect(node.seen).toEqual([]);
        const page = await gateway.get("/metrics");
        expect(page).toContain('openclaw_image_jobs_total{route="analyze",result="broken_image"} 1');
    });

    test("a request without a body passes", async () => {
        const gateway = await startImageGateway(node);
        const response = await fetch(gateway.url("/api/analyze"));
        expect(response.status).toBe(200);
        expect(node.last().body.length).toBe(0);
    });

    test("without a thread pool the request fails, and the log says what to add, also before", async () => {
        const gateway = await startImageGateway(node, { image: 'thread_pool = "none_such"' });
        const sentence = 'write "thread_pool none_such threads=4;" in nginx.conf, outside of http';
        await eventually("the log says so", async () => (await gateway.errorLog()).includes(sentence));
        expect(await post(gateway, await scene("png", 9, 9))).toMatchObject({ status: 500, code: "internal_error" });
        expect(await metric(gateway, 'openclaw_faults_total{plugin="image",kind="no_thread"}')).toBe(2);
        expect(node.seen).toEqual([]);
    });
});

interface Held {
    gateway: NativeNginx;
    helper: number;
    picture: Buffer;
}

/** Gateways whose only helper process is stopped, so that a conversion takes as long as the test wants. */
async function startHeld({ queue = 8, queueSeconds = 60, seconds = 60, workers = 2 }): Promise<Held> {
    const limits = `queue = ${queue}, queue_seconds = ${queueSeconds}, seconds = ${seconds}`;
    const gateway = await startImageGateway(node, { image: `isolate = "process", jobs = 1, ${limits}`, workers });
    const picture = await scene("png", 64, 64);
    expect(await post(gateway, picture)).toMatchObject({ status: 200 });
    const [helper] = (await helperPids(gateway)) as [number];
    process.kill(helper, "SIGSTOP");
    onTestFinished(() => {
        try {
            process.kill(helper, "SIGKILL");
        } catch {
            // It has ended.
        }
    });
    return { gateway, helper, picture };
}

describe("the line", () => {
    test("no more than the jobs run, no more than the queue wait, and the rest are told when to come again", async () => {
        const { gateway, helper, picture } = await startHeld({ queue: 3, workers: 4 });
        const asked = Array.from({ length: 12 }, () => post(gateway, picture));
        const full = 'openclaw_image_jobs_total{route="analyze",result="image_queue_full"}';
        await eventually("all but one wait, or are refused", async () => {
            return (await metric(gateway, full)) + (await waiting(gateway)) === 11;
        });
        expect(await running(gateway)).toBe(1);
        const kept = await waiting(gateway);
        // Where workers let several in at the same moment, all of these may be refused.
        expect(kept).toBeGreaterThan(0);
        expect(kept).toBeLessThanOrEqual(3);
        process.kill(helper, "SIGCONT");
        const answers = await Promise.all(asked);
        expect(answers.filter(({ status }) => status === 200).length).toBe(1 + kept);
        const refused = answers.filter(({ status }) => status !== 200);
        for (const { status, code, headers } of refused) {
            expect([status, code]).toEqual([503, "image_queue_full"]);
            expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
        }
        expect(await waiting(gateway)).toBe(0);
    });

    test("a client that leaves leaves the line, and the others go on", async () => {
        const { gateway, helper, picture } = await startHeld({});
        const first = post(gateway, picture);
        await eventually("one runs", async () => (await running(gateway)) === 1);
        const leaving = net.connect(gateway.port, "127.0.0.1");
        leaving.write(`POST / HTTP/1.1\r\nHost: g\r\nContent-Length: ${picture.length}\r\n\r\n`);
        leaving.write(picture);
        await eventually("one waits", async () => (await waiting(gateway)) === 1);
        leaving.destroy();
        await eventually("none waits", async () => (await waiting(gateway)) === 0);
        const second = post(gateway, picture);
        process.kill(helper, "SIGCONT");
        expect([(await first).status, (await second).status]).toEqual([200, 200]);
    });

    test("one that waits too long is refused", async () => {
        const { gateway, helper, picture } = await startHeld({ queueSeconds: 0.5 });
        const first = post(gateway, picture);
        await eventually("one runs", async () => (await running(gateway)) === 1);
        expect(await post(gateway, picture)).toMatchObject({ status: 503, code: "image_queue_timeout" });
        process.kill(helper, "SIGCONT");
        expect(await first).toMatchObject({ status: 200 });
    });

    test("a worker that is killed takes neither its place nor its waiting requests with it", async () => {
        const { gateway, helper, picture } = await startHeld({});
        const asked = Array.from({ length: 6 }, () => post(gateway, picture).catch(() => undefined));
        await eventually("five wait", async () => (await waiting(gateway)) === 5);
        for (const pid of await gateway.workerPids()) gateway.kill(pid, "SIGKILL");
        await Promise.all(asked);
        process.kill(helper, "SIGCONT");
        await eventually("new workers convert", async () => (await post(gateway, picture)).status === 200);
        await eventually("none waits", async () => (await waiting(gateway)) === 0);
    });
});

/** The niceness of each thread of a process, by its number; the process's own one has the process's number. */
async function niceness(pid = 0): Promise<Map<number, number>> {
    const known = new Map<number, number>();
    for (const name of await readdir(`/proc/${pid}/task`)) {
        const line = await readFile(`/proc/${pid}/task/${name}/stat`, "utf8");
        // The 19th field; the second one, in brackets, may have spaces.
        known.set(Number(name), Number(line.replace(/^.*\) /s, "").split(" ")[16]));
    }
    return known;
}

test("conversions have a lower priority than the worker", async () => {
    const threads = await startImageGateway(node, { workers: 1 });
    const [worker] = await threads.workerPids();
    await post(threads, await scene("png", 300, 200));
    const all = await niceness(worker);
    expect(all.get(worker ?? 0)).toBe(0);
    expect([...all.values()]).toContain(10);
    const processes = await startImageGateway(node, { workers: 1, image: 'isolate = "process"' });
    const [starter] = await processes.workerPids();
    await post(processes, await scene("png", 300, 200));
    const [helper] = await helperPids(processes);
    expect((await niceness(helper)).get(helper ?? 0)).toBe(10);
    expect((await niceness(starter)).get(starter ?? 0)).toBe(0);
});

describe("helper processes", () => {
    test("convert as threads do, and end with their gateway's work", async () => {
        const threads = await startImageGateway(node);
        const processes = await startImageGateway(node, { image: 'isolate = "process"' });
        const png = await scene("png", 1500, 1000);
        await post(threads, png);
        const converted = node.last().body;
        await post(processes, png);
        expect(node.last().body.equals(converted)).toBe(true);
        expect(await post(processes, png.subarray(0, 5000))).toMatchObject({ status: 422, code: "broken_image" });
    });

    test("one that dies before it has the order costs nothing: the place gets a new one", async () => {
        const { gateway, helper, picture } = await startHeld({});
        const first = post(gateway, picture);
        await eventually("one runs", async () => (await running(gateway)) === 1);
        const second = post(gateway, picture);
        process.kill(helper, "SIGKILL");
        expect(await first).toMatchObject({ status: 200 });
        expect(await second).toMatchObject({ status: 200 });
    });

    test("keep no connection of the worker open", async () => {
        const gateway = await startImageGateway(node, { image: 'isolate = "process"' });
        const idle = net.connect(gateway.port, "127.0.0.1");
        await new Promise((resolve) => idle.once("connect", resolve));
        await post(gateway, await scene("png", 64, 64));
        const pids = await helperPids(gateway);
        expect(pids.length).toBeGreaterThan(0);
        const files = await Promise.all(
            pids.map(async (pid) => readdir(`/proc/${pid}/fd`).catch(() => [] as string[])),
        );
        for (const open of files) expect(open.map(Number).filter((fd) => fd > 2)).toEqual([]);
        idle.destroy();
    });
});

describe("one form out", () => {
    test("JSON of the node stands in an envelope, also from the cache, and errors do not", async () => {
        const gateway = await startImageGateway(node, {
            image: "envelope = true",
            route: "cache = { shared = true },",
            location: "include cache.conf; proxy_cache answers;",
        });
        const png = await scene("png", 64, 64);
        const first = await post(gateway, png, { "X-Request-Id": "id-1" });
        const envelope = JSON.parse(first.text) as Record<string, unknown>;
        expect(envelope).toMatchObject({ id: "id-1", model: null, degraded: false, cached: false });
        expect(envelope.result).toEqual({ label: "crawfish" });
        const second = await post(gateway, png);
        expect(second.headers.get("x-cache-status")).toBe("HIT");
        expect(JSON.parse(second.text)).toMatchObject({ cached: true, result: { label: "crawfish" } });
        expect((await post(gateway, "hello")).text).toMatch(/^\{"error"/);
    });

    test("without the hook the log names the file that has it", async () => {
        const gateway = await startImageGateway(node, { image: "envelope = true" });
        expect((await post(gateway, await scene("png", 9, 9))).text).toBe('{"label":"crawfish"}');
        await eventually("the log names it", async () => (await gateway.errorLog()).includes("image.conf"));
    });
});

describe("near hits", () => {
    test("nearly the same picture gets the earlier answer, and another prompt does not", async () => {
        const gateway = await startImageGateway(node, {
            image: 'near = { distance = 6, seconds = 60 }, send = "json"',
            route: "cache = { shared = true },",
            location: "include cache.conf; proxy_cache answers;",
        });
        const pond = ["-size", "400x300", "-seed", "7", "plasma:tomato-steelblue"];
        const one = await draw("jpg", ...pond, "-quality", "95");
        const other = await draw("jpg", ...pond, "-quality", "60");
        const ask = (picture: Buffer, prompt: string): Promise<Answer> =>
            post(gateway, JSON.stringify({ image: picture.toString("base64"), prompt }), {
                "Content-Type": "application/json",
            });
        const statuses: (string | null)[] = [];
        for (const [picture, prompt] of [
            [one, "count"],
            [other, "count"],
            [one, "count"],
            [other, "color"],
        ] as const) {
            statuses.push((await ask(picture, prompt)).headers.get("x-cache-status"));
        }
        expect(statuses).toEqual(["MISS", "NEAR", "HIT", "MISS"]);
    });
});

describe("addresses", () => {
    test("are refused, unless their server is in the list", async () => {
        const picture = await scene("png", 64, 64);
        const server = http.createServer((_, response) => void response.end(picture));
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        onTestFinished(() => void server.close());
        const { port } = server.address() as AddressInfo;
        const chat = (url: string): string =>
            JSON.stringify({ messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] });
        const json = { "Content-Type": "application/json" };

        const closed = await startImageGateway(node);
        const url = `http://127.0.0.1:${port}/pond.png`;
        expect(await post(closed, chat(url), json)).toMatchObject({ status: 422, code: "remote_refused" });
        const open = await startImageGateway(node, { image: `remote = { hosts = { "http://127.0.0.1:${port}" } }` });
        expect(await post(open, chat("https://example.com/x.png"), json)).toMatchObject({ code: "remote_refused" });
        expect(node.seen).toEqual([]);
        expect(await post(open, chat(url), json)).toMatchObject({ status: 200 });
        const sent = JSON.parse(node.last().body.toString()) as {
            messages: { content: { image_url: { url: string } }[] }[];
        };
        const converted = sent.messages[0]?.content[0]?.image_url.url ?? "";
        expect(await look(Buffer.from(converted.slice(23), "base64"))).toMatchObject({ format: "JPEG", width: 64 });
    });
});

describe("what was converted before", () => {
    /** Says who asks, as far as setup knows. */
    const OWN_PLUGIN = "plugins = { { access = function() end } }";

    test("is not converted again if a verified caller says so, and is if any other does", async () => {
        const gateway = await startImageGateway(node, {
            image: "converted_by = true",
            route: OWN_PLUGIN,
            location: 'set $openclaw_identity "";',
        });
        const png = await scene("png", 64, 64);
        await post(gateway, png, { "X-OpenClaw-Image": "converted" });
        expect(await look(node.last().body)).toMatchObject({ format: "JPEG" });
        const verified = await startImageGateway(node, {
            image: 'converted_by = { "edge-7" }',
            route: OWN_PLUGIN,
            location: "set $openclaw_identity $http_x_verified;",
        });
        await post(verified, png, { "X-OpenClaw-Image": "converted", "X-Verified": "edge-8" });
        expect(await look(node.last().body)).toMatchObject({ format: "JPEG" });
        await post(verified, png, { "X-OpenClaw-Image": "converted", "X-Verified": "edge-7" });
        expect(node.last().body.equals(png)).toBe(true);
        expect(node.last().headers["x-openclaw-image"]).toBe("converted");
        expect(await metric(verified, 'openclaw_image_jobs_total{route="analyze",result="trusted"}')).toBe(1);
    });
});
