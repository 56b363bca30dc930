import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { GenericContainer } from "testcontainers";
import { describe, expect, test } from "vitest";
import { CHECKOUT, run } from "./support/checkout";
import { eventually } from "./support/eventually";
import type { StartedGatewayContainer } from "./support/gateway_container";
import { BOOKWORM, buildImage, LABELS, TRIXIE } from "./support/gateway_container";
import type { StartedNode } from "./support/inference_nodes";
import { behave, startObedientNode, startObedientNodes, startSimulatedNode } from "./support/inference_nodes";
import {
    ask,
    getFromWithin,
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

function confs(): string[] {
    const names = readdirSync(path.join(CHECKOUT, "nginx/scenarios")).filter((name) => name.endsWith(".conf"));
    return names.map((name) => `nginx/scenarios/${name}`);
}

/** The first port that a configuration listens on. */
function portOf(conf: string): string {
    return /listen 127\.0\.0\.1:(\d+)/.exec(readFileSync(path.join(CHECKOUT, conf), "utf8"))?.[1] ?? "";
}

/** What a tool makes that some configurations ask for, where they look for it. */
async function filesOf(
    tool: string,
    target: string,
    mode: number,
): Promise<{ content: string; target: string; mode: number }[]> {
    const folder = await mkdtemp(path.join(tmpdir(), "openclaw-files-"));
    await run(tool, folder);
    const files = readdirSync(folder).map((name) => ({
        content: readFileSync(path.join(folder, name), "utf8"),
        target: `${target}/${name}`,
        mode,
    }));
    await rm(folder, { recursive: true });
    return files;
}

/**
 * Starts a configuration, waits until it listens on a port, reloads it, waits until the first of the old workers has ended, and
 * stops it; prints what nginx has to say.
 */
const START_AND_STOP = `
children() { cat /proc/$nginx/task/$nginx/children; }
docker/entrypoint.sh $0 2>run/log &
nginx=$!
until (exec 3<>/dev/tcp/127.0.0.1/$1) 2>/dev/null; do kill -0 $nginx || break; sleep 0.05; done
old=$(children)
kill -HUP $nginx
while case " $(children)" in *" \${old%% *} "*) ;; *) false ;; esac do sleep 0.05; done
kill -QUIT $nginx
wait $nginx
status=$?
cat run/log
exit $status
`;

describe("no scenario has nginx complain, from start to stop, on", () => {
    test.for([TRIXIE, BOOKWORM])("%s", async (base) => {
        const container = new GenericContainer(await buildImage(base)).withLabels(LABELS);
        container.withCopyContentToContainer(await filesOf("tools/tier_files.sh", "/opt/openclaw/run/tiers", 0o600));
        container.withCopyContentToContainer(await filesOf("tools/api_files.sh", "/opt/openclaw/run/api", 0o644));
        await using idle = await container.withCommand(["sleep", "infinity"]).start();
        for (const conf of confs()) {
            const { output, exitCode } = await idle.exec(["bash", "-c", START_AND_STOP, conf, portOf(conf)]);
            expect(`${conf}: ${output}`).toBe(`${conf}: `);
            expect(exitCode).toBe(0);
        }
    });
});

describe("result-cache", () => {
    test("answers the same image under the same name from the cache", async () => {
        await using node = await startSimulatedNode("node", 100, 4);
        await using gateway = await startScenario("result-cache", nodesInstead([node]));
        for (const [name, image] of [
            ["/photos/pond.jpg", JPEG],
            ["/photos/pond.JPEG", newImage(3 * MIB)],
            ["/photos/crawfish.png", PNG],
        ] as const) {
            const first = await post(gateway.url(name), image);
            expect(first).toMatchObject({ status: 200, cache: "MISS", json: { image_md5: md5(image) } });
            expect(await post(gateway.url(name), image)).toMatchObject({ status: 200, cache: "HIT", text: first.text });
            expect(await post(gateway.url(`/other${name}`), image)).toMatchObject({ status: 200, cache: "MISS" });
        }
        expect(await post(gateway.url("/photos/pond.txt"), JPEG)).toMatchObject({
            status: 404,
            json: { error: { code: "not_found" } },
        });
    });

    test("has the node process one image once, however many ask at the same time", async () => {
        await using node = await startSimulatedNode("node", 1000, 4);
        await using gateway = await startScenario("result-cache", nodesInstead([node]));
        const image = newImage(MIB + 1);
        const answers = await inParallel(20, 20, () => post(gateway.url("/photos/pond.jpg"), image));
        expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
        expect(answers.map(({ cache }) => cache).sort()).toEqual([...Array<string>(19).fill("HIT"), "MISS"]);
        // In a form, whatever its boundary.
        const caches: (string | null)[] = [];
        for (let times = 0; times < 2; times += 1) {
            const form = new FormData();
            form.append("image", new Blob([new Uint8Array(image)], { type: "image/jpeg" }), "pond.jpg");
            const answer = await fetch(gateway.url("/photos/form.jpg"), { method: "POST", body: form });
            await answer.arrayBuffer();
            caches.push(answer.headers.get("X-Cache-Status"));
        }
        expect(caches).toEqual(["MISS", "HIT"]);
        const log = (await gateway.exec(["cat", "run/results.log"])).stdout;
        const keys = log.split("\n").filter((line) => line.includes("/photos/pond.jpg"));
        expect(new Set(keys.map((line) => / (?:HIT|MISS) ([0-9a-f]{64})$/.exec(line)?.[1])).size).toBe(1);
    });

    test("never takes one image for another under the same name", async () => {
        await using node = await startSimulatedNode("node", 100, 4);
        await using gateway = await startScenario("result-cache", nodesInstead([node]));
        const url = gateway.url("/photos/pond.jpg");
        for (const bytes of [JPEG.length + 1, MIB + 1, 5 * MIB]) {
            const image = newImage(bytes);
            const other = Buffer.from(image);
            other[bytes - 1] = (other[bytes - 1] ?? 0) ^ 1;
            for (const cache of ["MISS", "HIT"]) {
                expect(await post(url, image)).toMatchObject({ cache, json: { image_md5: md5(image) } });
                expect(await post(url, other)).toMatchObject({ cache, json: { image_md5: md5(other) } });
            }
        }
        const images = Array.from({ length: 12 }, (_, index) => newImage(JPEG.length + 1 + index * 250_000));
        const answers = await Promise.all(images.map((image) => post(url, image)));
        expect(answers.map((answer) => answer.json.image_md5)).toEqual(images.map(md5));
    });

    test("refuses a body over the limit, and broken chunks", async () => {
        await using node = await startSimulatedNode("node", 100, 4);
        await using gateway = await startScenario("result-cache", nodesInstead([node]));
        const url = gateway.url("/photos/pond.jpg");
        const head = "POST /photos/pond.jpg HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n";
        const tooLarge = { status: 413, json: { error: { code: "body_too_large", status: 413 } } };
        expect(await sendRaw(url, `${head}Content-Length: ${10 * MIB + 1}\r\n\r\n`)).toMatchObject(tooLarge);
        const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`;
        expect(await sendRaw(url, chunked, "b00000\r\nx")).toMatchObject(tooLarge);
        const badRequest = { status: 400, json: { error: { code: "bad_request", status: 400 } } };
        expect(await sendRaw(url, chunked, "zz\r\n")).toMatchObject(badRequest);
        expect(await sendRaw(url, `${head}Host: twice\r\n\r\n`)).toMatchObject(badRequest);
        expect(await post(url, JPEG)).toMatchObject({ status: 200, cache: "MISS" });
    });

    test("neither stores nor looks up what was not digested", async () => {
        await using node = await startSimulatedNode("node", 100, 4);
        await using gateway = await startScenario("result-cache", {
            ...nodesInstead([node]),
            "max_bytes = 10 * 1024 * 1024": "max_bytes = 100000",
        });
        const url = gateway.url("/photos/pond.jpg");
        for (const bytes of [100_001, 2 * MIB]) {
            const image = newImage(bytes);
            for (const body of [image, image, newImage(bytes)]) {
                expect(await post(url, body)).toMatchObject({ cache: "BYPASS", json: { image_md5: md5(body) } });
            }
        }
        const image = newImage(100_000);
        expect(await post(url, image)).toMatchObject({ cache: "MISS" });
        expect(await post(url, image)).toMatchObject({ cache: "HIT" });
        expect(gateway.log()).not.toContain("[error]");
    });
});

describe("connection-pool", () => {
    /** Connections that the gateway has to nodes; 1F40 is port 8000, 01 a connection that stands. */
    async function openConnections(gateway: StartedGatewayContainer): Promise<number> {
        const script = `awk '$3 ~ /:1F40$/ && $4 == "01"' /proc/net/tcp | wc -l`;
        return Number((await gateway.exec(["sh", "-c", script])).stdout);
    }

    test("uses a connection a hundred times, then another", async () => {
        await using nodes = await startObedientNodes(0, 0, 0);
        await using gateway = await startScenario("connection-pool", nodesInstead(nodes));
        // Over one connection, so that one worker answers all.
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        const requests = new Map<string, Map<number, number>>();
        for (let index = 0; index < 450; index += 1) {
            const { node, connection, request } = await getJson(gateway.url(), agent);
            const ofNode = requests.get(node) ?? new Map<number, number>();
            requests.set(node, ofNode.set(connection, request));
        }
        agent.destroy();
        for (const ofNode of requests.values()) {
            const counts = [...ofNode.values()];
            expect(counts.slice(0, -1).every((count) => count === 100)).toBe(true);
            expect(counts[counts.length - 1]).toBeLessThanOrEqual(100);
        }
        // 450 requests to three nodes cannot do with fewer, and need no more.
        const connections = [...requests.values()].reduce((sum, ofNode) => sum + ofNode.size, 0);
        expect(connections).toBeGreaterThanOrEqual(5);
        expect(connections).toBeLessThanOrEqual(7);
    });

    test("keeps 32 idle connections, for as long as it is told", async () => {
        await using node = await startObedientNode();
        await using gateway = await startScenario("connection-pool", {
            '"127.0.0.1:8101", "127.0.0.1:8102", "127.0.0.1:8103"': `"${node.address}"`,
            "worker_processes 2": "worker_processes 1",
            "keepalive_timeout  30s": "keepalive_timeout 3s",
        });
        // Far longer than it takes to see all of them at the node.
        await behave(node, { delay: 5 });
        const answers = Array.from({ length: 48 }, () => ask(gateway.url()));
        await eventually("all are at the node", async () => (await openConnections(gateway)) === 48);
        expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([200]));
        await eventually("32 are kept", async () => (await openConnections(gateway)) === 32);
        await eventually("none is kept", async () => (await openConnections(gateway)) === 0);
    });
});

function getJson(url: string, agent: http.Agent): Promise<{ node: string; connection: number; request: number }> {
    return new Promise((resolve, reject) => {
        const sent = http.get(url, { agent, timeout: 10_000 }, (answer) => {
            let text = "";
            answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
            answer.on("error", reject);
            answer.on("end", () => resolve(JSON.parse(text)));
        });
        sent.on("timeout", () => sent.destroy(new Error("no answer in time")));
        sent.on("error", reject);
    });
}

/** What promtool has to say; nothing when it accepts the page. Fails without promtool: Debian's package prometheus. */
function promtool(page: string): Promise<string> {
    return new Promise((resolve, reject) => {
        const child = execFile("promtool", ["check", "metrics"], (error, stdout, stderr) => {
            if (error?.code === "ENOENT") reject(error);
            else resolve(`${error?.message ?? ""}${stdout}${stderr}`);
        });
        child.stdin?.end(page);
    });
}

describe("custom-metrics", () => {
    test("shows what all workers counted, as Prometheus takes it", async () => {
        await using node = await startObedientNode();
        await using gateway = await startScenario("custom-metrics", nodesInstead([node]));
        await inParallel(40, 4, (index) => {
            const query = `?model=v${(index % 2) + 1}&queue=${index < 10 ? 0.02 : 0.2}`;
            return post(gateway.url(`/api/analyze${query}`), JPEG);
        });
        await post(gateway.url("/api/analyze"), JPEG);
        for (let index = 0; index < 4; index += 1) {
            const samples = await readMetrics(gateway);
            expect(samples.get('openclaw_images_total{model="v1"}')).toBe(20);
            expect(samples.get('openclaw_images_total{model="v2"}')).toBe(20);
            expect(samples.get('openclaw_images_total{model="unknown"}')).toBe(1);
            expect(samples.get('openclaw_queue_seconds_count{model="v1"}')).toBe(20);
            expect(samples.get('openclaw_queue_seconds_bucket{model="v1",le="0.1"}')).toBe(5);
            expect(samples.get('openclaw_queue_seconds_sum{model="v1"}')).toBeCloseTo(3.1);
            expect(samples.get('openclaw_inference_time{model="v1"}')).toBeGreaterThanOrEqual(0);
            expect(samples.get('openclaw_connections{state="active"}')).toBeGreaterThanOrEqual(1);
            expect(samples.get('openclaw_requests_total{route="default",variant="",status="2xx"}')).toBe(41);
        }
        const page = await getFromWithin(gateway, "/metrics/openclaw");
        expect(page).toContain("# TYPE openclaw_images_total counter\n");
        expect(page).toContain("# TYPE openclaw_queue_seconds histogram\n");
        expect(page).toContain("# TYPE openclaw_inference_time gauge\n");
        expect(await promtool(page)).toBe("");
        const refused = await ask(gateway.url("/metrics/openclaw"));
        expect(refused).toMatchObject({ status: 403, json: { error: { code: "forbidden" } } });
    });
});

describe("elastic-weights", () => {
    /** The scenario with a table in fractions of its seconds. */
    function startQuick(nodes: StartedNode[]): Promise<StartedGatewayContainer> {
        return startScenario("elastic-weights", {
            ...nodesInstead(nodes),
            "below_seconds = 2,": "below_seconds = 0.2,",
            "below_seconds = 4,": "below_seconds = 0.6,",
        });
    }

    interface State {
        weights: (number | undefined)[];
        tries: number[];
    }

    async function stateOf(gateway: StartedGatewayContainer, nodes: StartedNode[]): Promise<State> {
        const samples = await readMetrics(gateway);
        const labels = nodes.map(({ address }) => `{upstream="openclaw_backend",node="${address}"}`);
        return {
            weights: labels.map((label) => samples.get(`openclaw_upstream_node_weight${label}`)),
            tries: labels.map((label) => samples.get(`openclaw_upstream_tries_total${label}`) ?? 0),
        };
    }

    /** How many of so many requests each node gets; all must be answered. */
    async function sharesOf(
        gateway: StartedGatewayContainer,
        nodes: StartedNode[],
        requests: number,
    ): Promise<number[]> {
        const before = await stateOf(gateway, nodes);
        const answers = await inParallel(requests, 12, () => ask(gateway.url()));
        expect(answers.every(({ status }) => status === 200)).toBe(true);
        const after = await stateOf(gateway, nodes);
        return after.tries.map((tries, index) => tries - (before.tries[index] ?? 0));
    }

    /** Each worker takes turns of its own, and may be in the middle of them. */
    function expectShares(shares: number[], expected: number[]): void {
        for (const [index, share] of shares.entries()) {
            expect(Math.abs(share - (expected[index] ?? 0)), `${shares} for ${expected}`).toBeLessThanOrEqual(4);
        }
    }

    test("gives shares of 3:2:1, and less to a node that becomes slow", async () => {
        await using nodes = await startObedientNodes(0.02, 0.35, 0.8);
        await using gateway = await startQuick(nodes);
        await eventually("the weights are learned", async () => {
            await inParallel(6, 6, () => ask(gateway.url()));
            return (await stateOf(gateway, nodes)).weights.join() === "3,2,1";
        });
        expectShares(await sharesOf(gateway, nodes, 60), [30, 20, 10]);

        await behave(nodes[0] as StartedNode, { delay: 0.8 });
        await eventually("the weight has fallen", async () => {
            await inParallel(12, 12, () => ask(gateway.url()));
            return (await stateOf(gateway, nodes)).weights.join() === "1,2,1";
        });
        expectShares(await sharesOf(gateway, nodes, 40), [10, 20, 10]);
    });

    test("gives nothing for failing fast", async () => {
        await using nodes = await startObedientNodes(0.35, 0, 0.35);
        await behave(nodes[1] as StartedNode, { status: 503 });
        await using gateway = await startQuick(nodes);
        const statuses: number[] = [];
        // One request again and again would be to blame itself.
        let count = 0;
        for (let round = 0; round < 6; round += 1) {
            statuses.push(
                ...(await inParallel(10, 5, () => ask(gateway.url(`/?${(count += 1)}`)))).map(({ status }) => status),
            );
            const { weights } = await stateOf(gateway, nodes);
            expect(weights[1]).toBe(1);
        }
        // Three failures in a row keep it out; what was under way then may fail too.
        expect(statuses.filter((status) => status === 503).length).toBeLessThanOrEqual(8);
        const { weights } = await stateOf(gateway, nodes);
        expect(weights).toEqual([2, 1, 2]);
    });
});
