import { afterAll, beforeAll, describe, expect, onTestFailed, test } from "vitest";
import { eventually } from "./support/eventually";
import type { StartedGatewayContainer } from "./support/gateway_container";
import type { StartedNode } from "./support/inference_nodes";
import { readRecords, startReceiver, startSimulatedNode } from "./support/inference_nodes";
import type { Answer, RawAnswer } from "./support/scenario";
import {
    ask,
    inParallel,
    JPEG,
    md5,
    newImage,
    nodesInstead,
    PNG,
    post,
    readMetrics,
    sendRaw,
    startScenario,
} from "./support/scenario";

const MIB = 1024 * 1024;

/** Three nodes of different speed, a log receiver, and the gateway before them. */
interface Path extends AsyncDisposable {
    nodes: StartedNode[];
    receiver: StartedNode;
    gateway: StartedGatewayContainer;
}

async function startPath(replacements: Record<string, string> = {}): Promise<Path> {
    const [receiver, ...nodes] = await Promise.all([
        startReceiver(),
        startSimulatedNode("gpu-large", 12, 4),
        startSimulatedNode("gpu-small", 6, 4),
        startSimulatedNode("cpu", 2, 2),
    ]);
    const gateway = await startScenario("image-recognition", {
        ...nodesInstead(nodes),
        "127.0.0.1:8104": receiver.address,
        ...replacements,
    });
    async function stop(): Promise<void> {
        await Promise.all([gateway, receiver, ...nodes].map((container) => container.stop()));
    }
    return { nodes, receiver, gateway, [Symbol.asyncDispose]: stop };
}

let shared: Path;
let url: string;

beforeAll(async () => {
    shared = await startPath();
    url = shared.gateway.url("/api/analyze");
});

afterAll(async () => {
    await shared?.[Symbol.asyncDispose]();
});

function showLogWhenTestFails(gateway: StartedGatewayContainer): void {
    onTestFailed(() => console.error(`the gateway's log:\n${gateway.log()}`));
}

async function expectServing(): Promise<void> {
    const image = newImage();
    expect(await post(url, image)).toMatchObject({ status: 200, cache: "MISS", json: { image_md5: md5(image) } });
}

const HEAD = "POST /api/analyze HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n";

function expectError(answer: Answer, status: number, code: string): void {
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.json).toMatchObject({ error: { status, code } });
    expect(answer.status).toBe(status);
}

async function expectRawError(sent: Promise<RawAnswer>, status: number, code: string): Promise<void> {
    expect(await sent).toMatchObject({ status, json: { error: { status, code } } });
}

async function inFlight(gateway: StartedGatewayContainer): Promise<number> {
    let sum = 0;
    for (const [sample, value] of await readMetrics(gateway)) {
        if (sample.startsWith("openclaw_node_in_flight{")) sum += value;
    }
    return sum;
}

describe("an image", () => {
    test.for([
        ["JPEG", JPEG],
        ["PNG", PNG],
    ] as const)("as %s is answered by a node, and then by the cache", async ([, image]) => {
        showLogWhenTestFails(shared.gateway);
        const first = await post(url, image);
        expect(first).toMatchObject({ status: 200, cache: "MISS" });
        expect(shared.nodes.map((node) => node.address)).toContain(first.node);
        expect(first.json).toMatchObject({ image_md5: md5(image), image_bytes: image.length });

        const second = await post(url, image);
        expect(second).toMatchObject({ status: 200, cache: "HIT", node: null, text: first.text });
    });

    test("never gets the answer of another that is nearly the same", async () => {
        showLogWhenTestFails(shared.gateway);
        // In nginx's buffer, around its end, and in temporary files.
        for (const bytes of [JPEG.length + 100, MIB, MIB + 1, 5 * MIB, 9 * MIB]) {
            const image = newImage(bytes);
            const other = Buffer.from(image);
            other[bytes - 1] = (other[bytes - 1] ?? 0) ^ 1;
            for (const cache of ["MISS", "HIT"]) {
                expect(await post(url, image)).toMatchObject({ status: 200, cache, json: { image_md5: md5(image) } });
                expect(await post(url, other)).toMatchObject({ status: 200, cache, json: { image_md5: md5(other) } });
            }
        }
    });

    test("gets its own answer when twenty come at once", async () => {
        showLogWhenTestFails(shared.gateway);
        const images = Array.from({ length: 20 }, (_, index) => newImage(JPEG.length + 1 + index * 150_000));
        const answers = await Promise.all(images.map((image) => post(url, image)));
        expect(answers.map((answer) => answer.json.image_md5)).toEqual(images.map(md5));
    });

    test("that is posted by many at once is worked out once", async () => {
        showLogWhenTestFails(shared.gateway);
        const image = newImage();
        const answers = await Promise.all(Array.from({ length: 10 }, () => post(url, image)));
        expect(answers.filter((answer) => answer.cache === "MISS")).toHaveLength(1);
        expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    });
});

describe("what is wrong is refused as JSON, and the gateway goes on:", () => {
    test("no image", async () => {
        for (const body of ["all: test\n", "\xff\xd8", "GIF89a......", "\x89PNG\r\n\x1a\n"]) {
            expectError(await post(url, Buffer.from(body, "latin1")), 415, "unsupported_media_type");
        }
        await expectServing();
    });

    test("no body", async () => {
        expectError(await post(url, Buffer.alloc(0)), 400, "empty_body");
        expectError(await ask(url), 405, "method_not_allowed");
        await expectRawError(sendRaw(url, `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`), 400, "empty_body");
        await expectServing();
    });

    test("a body over the limit, announced or not", async () => {
        const bytes = 10 * MIB + 1;
        await expectRawError(sendRaw(url, `${HEAD}Content-Length: ${bytes}\r\n\r\n`), 413, "body_too_large");
        const chunk = `${bytes.toString(16)}\r\n`;
        const answer = sendRaw(url, `${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunk}`, newImage(2 * MIB));
        await expectRawError(answer, 413, "body_too_large");
        await expectServing();
    });

    test("broken chunks", async () => {
        for (const chunks of ["zz\r\n", "5\r\nimageX\r\n", "-1\r\n", "fffffffffffffffff\r\n"]) {
            await expectRawError(
                sendRaw(url, `${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunks}`),
                400,
                "bad_request",
            );
        }
        await expectServing();
    });

    test("no HTTP", async () => {
        await expectRawError(sendRaw(url, "POST /api/analyze HTTP/9.9\r\n\r\n"), 505, "http_version_not_supported");
        await expectRawError(sendRaw(url, `${HEAD}Host: twice\r\n\r\n`), 400, "bad_request");
        await expectServing();
    });

    test("another address", async () => {
        expectError(await post(shared.gateway.url("/api/analyse"), JPEG), 404, "not_found");
        expectError(await ask(shared.gateway.url("/")), 404, "not_found");
        await expectServing();
    });

    test("a client that goes away", async () => {
        await Promise.allSettled(
            Array.from({ length: 8 }, () => {
                const init = { method: "POST", body: new Uint8Array(newImage(MIB)), signal: AbortSignal.timeout(30) };
                return fetch(url, init);
            }),
        );
        await expectServing();
        await eventually("nothing is in flight", async () => (await inFlight(shared.gateway)) === 0);
    });

    test("whoever asks for the metrics from outside", async () => {
        expectError(await ask(shared.gateway.url("/metrics/openclaw")), 403, "forbidden");
    });
});

function countBy<T>(items: T[], key: (item: T) => string): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const item of items) counts[key(item)] = (counts[key(item)] ?? 0) + 1;
    return counts;
}

test("the faster node gets more; metrics and records tell of every request", async () => {
    await using path = await startPath();
    const analyze = path.gateway.url("/api/analyze");
    const images = Array.from({ length: 60 }, () => newImage());
    const answers = await inParallel(60, 6, (index) => post(analyze, images[index] as Buffer));
    expect(answers.map((answer) => answer.json.image_md5)).toEqual(images.map(md5));
    answers.push(await post(analyze, images[0] as Buffer), await post(analyze, images[59] as Buffer));
    const refused = await post(analyze, Buffer.from("no image"));

    const [fast, , slow] = path.nodes.map((node) => node.address) as [string, string, string];
    const byNode = countBy(
        answers.filter(({ cache }) => cache === "MISS"),
        ({ node }) => String(node),
    );
    expect(byNode[fast]).toBeGreaterThan(byNode[slow] ?? 0);

    const samples = await eventually("nothing is in flight", async () => {
        const now = await readMetrics(path.gateway);
        const isIdle = path.nodes.every(({ address }) => now.get(`openclaw_node_in_flight{node="${address}"}`) === 0);
        return isIdle && now;
    });
    function sample(name: string): number | undefined {
        return samples.get(name);
    }
    expect(sample('openclaw_requests_total{route="analyze",variant="",status="2xx"}')).toBe(62);
    expect(sample('openclaw_requests_total{route="analyze",variant="",status="4xx"}')).toBe(1);
    expect(sample('openclaw_cache_requests_total{route="analyze",variant="",status="miss"}')).toBe(60);
    expect(sample('openclaw_cache_requests_total{route="analyze",variant="",status="hit"}')).toBe(2);
    expect(sample("openclaw_body_digest_bodies_total")).toBe(62);
    expect(sample('openclaw_checks_refused_total{route="analyze",reason="unsupported_media_type"}')).toBe(1);
    expect(sample("openclaw_workers")).toBe(2);
    const weights = path.nodes.map(({ address }) => {
        const labels = `upstream="openclaw_cluster",node="${address}"`;
        expect(sample(`openclaw_node_answers_total{node="${address}",outcome="ok"}`) ?? 0).toBe(byNode[address] ?? 0);
        expect(sample(`openclaw_upstream_tries_total{${labels}}`)).toBe(byNode[address] ?? 0);
        return sample(`openclaw_upstream_node_weight{${labels}}`) ?? 0;
    });
    expect(weights[0]).toBeGreaterThan(weights[2] as number);

    const records = await eventually("all records have arrived", async () => {
        const arrived = (await readRecords(path.receiver)).filter(({ uri }) => uri === "/api/analyze");
        return arrived.length >= 63 && arrived;
    });
    expect(records).toHaveLength(63);
    expect(new Set(records.map(({ id }) => id)).size).toBe(63);
    // What the clients saw is what the receiver was told.
    function seen({ status, node, cache }: { status: number; node: string | null; cache: string | null }): string {
        return `${status} ${node} ${cache}`;
    }
    expect(countBy(records, seen)).toEqual(countBy([...answers, refused], seen));
});

test("a reload in the middle of traffic loses no request and no record", async () => {
    await using path = await startPath();
    const analyze = path.gateway.url("/api/analyze");
    let reloads = 0;
    const answers = await inParallel(120, 6, async (index) => {
        if (index % 40 === 20) {
            reloads += 1;
            const { exitCode } = await path.gateway.exec(["sh", "-c", "kill -HUP $(cat run/nginx.pid)"]);
            expect(exitCode).toBe(0);
        }
        const image = newImage();
        const answer = await post(analyze, image);
        expect(answer.json.image_md5).toBe(md5(image));
        return answer;
    });
    expect(reloads).toBe(3);
    expect(countBy(answers, ({ status }) => String(status))).toEqual({ 200: 120 });

    const records = await eventually("all records have arrived", async () => {
        const arrived = (await readRecords(path.receiver)).filter(({ uri }) => uri === "/api/analyze");
        return arrived.length >= 120 && arrived;
    });
    expect(records).toHaveLength(120);
    expect(new Set(records.map(({ id }) => id)).size).toBe(120);
    await eventually("nothing is in flight", async () => (await inFlight(path.gateway)) === 0);
    const samples = await readMetrics(path.gateway);
    expect(samples.get('openclaw_requests_total{route="analyze",variant="",status="2xx"}')).toBe(120);
    expect(path.gateway.log()).not.toContain("[alert]");
});

test("without nodes new images get an error and cached ones their answer; nodes that are back are used again", async () => {
    await using path = await startPath();
    const analyze = path.gateway.url("/api/analyze");
    const known = newImage();
    const before = await post(analyze, known);
    expect(before.status).toBe(200);

    await Promise.all(path.nodes.map((node) => node.goDown()));
    for (let round = 0; round < 6; round += 1) {
        const answer = await post(analyze, newImage());
        expectError(answer, 502, "bad_gateway");
        expect(await post(analyze, known)).toMatchObject({ status: 200, cache: "HIT", text: before.text });
    }

    // A request or two is enough to find a node that is back, and no client needs to wait for its ejection to end.
    const back = path.nodes[1] as StartedNode;
    await back.comeUp();
    expect(await post(analyze, newImage())).toMatchObject({ status: 200, node: expect.stringContaining(back.address) });
    await Promise.all([path.nodes[0], path.nodes[2]].map((node) => node?.comeUp()));
    const seen = new Set<string>();
    await eventually(
        "all nodes are used again",
        async () => {
            const answers = await inParallel(6, 6, () => post(analyze, newImage()));
            for (const answer of answers) seen.add(String(answer.node));
            return path.nodes.every((node) => seen.has(node.address));
        },
        60_000,
    );
}, 300_000);

test("machines that are gone altogether are no worse, once connecting is given up", async () => {
    await using path = await startPath({ "proxy_connect_timeout 5s": "proxy_connect_timeout 1s" });
    const analyze = path.gateway.url("/api/analyze");
    const known = newImage();
    const before = await post(analyze, known);
    await Promise.all(path.nodes.map((node) => node.stop()));
    expectError(await post(analyze, newImage()), 504, "gateway_timeout");
    expect(await post(analyze, known)).toMatchObject({ status: 200, cache: "HIT", text: before.text });
    expect(await inFlight(path.gateway)).toBe(0);
});
