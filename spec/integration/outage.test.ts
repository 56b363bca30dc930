/**
 * The edge of two tiers, with nginx/scenarios/edge.conf and centre.conf in containers, while its link is cut for half a
 * minute and its workers are killed: what it has accepted is delivered, once, and what it has logged arrives.
 */
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFailed, test } from "vitest";
import { CHECKOUT, run } from "./support/checkout";
import { eventually } from "./support/eventually";
import type { StartedGatewayContainer } from "./support/gateway_container";
import { buildImage, GatewayContainer, LABELS } from "./support/gateway_container";
import type { StartedNode } from "./support/inference_nodes";
import { readRecords, startJobNode, startReceiver } from "./support/inference_nodes";
import { ask, md5, newImage } from "./support/scenario";

/** The link is a network of its own, so that it can be cut without hurting anything else. */
const LINK = `openclaw-link-${process.pid}`;
const SUBNET = "10.213.77.0/24";
const CENTRE = "10.213.77.10";
const RECEIVER = "10.213.77.11";

const CUT_SECONDS = 30;
const IMAGES_PER_SECOND = 5;

let files: string;
let node: StartedNode;
let receiver: StartedNode;
let centre: StartedGatewayContainer;
let edge: StartedGatewayContainer;

async function connect(container: { getId(): string }, address?: string): Promise<void> {
    await run("docker", "network", "connect", ...(address ? ["--ip", address] : []), LINK, container.getId());
}

async function cut(container: { getId(): string }): Promise<void> {
    await run("docker", "network", "disconnect", LINK, container.getId());
}

/** One of the two configurations in a container; each of the replacements must find what it replaces. */
async function startTier(name: string, replacements: Record<string, string>): Promise<StartedGatewayContainer> {
    const conf = `nginx/scenarios/${name}.conf`;
    let text = readFileSync(path.join(CHECKOUT, conf), "utf8");
    for (const [from, to] of Object.entries(replacements)) {
        if (!text.includes(from)) throw new Error(`${conf} does not say: ${from}`);
        text = text.replaceAll(from, to);
    }
    const container = new GatewayContainer(await buildImage()).withFile(conf, text);
    for (const file of readdirSync(files)) {
        container.withFile(`run/tiers/${file}`, readFileSync(path.join(files, file), "utf8"), 0o600);
    }
    return container.withCommand([conf]).start();
}

beforeAll(async () => {
    files = mkdtempSync(path.join(tmpdir(), "openclaw-outage-"));
    await run("tools/tier_files.sh", files);
    const labels = Object.entries(LABELS).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
    await run("docker", "network", "create", ...labels, "--subnet", SUBNET, LINK);
    [node, receiver] = await Promise.all([startJobNode(), startReceiver()]);
    centre = await startTier("centre", {
        "listen 127.0.0.1:8443 ssl": "listen 8080; listen 8443 ssl",
        '"127.0.0.1:8101", "127.0.0.1:8102", "127.0.0.1:8103"': `"${node.address}"`,
        // The photographs here differ in bytes that no image has.
        "image = { max_side = 1024, converted_by = true },": "",
    });
    edge = await startTier("edge", {
        "127.0.0.1:8443": `${CENTRE}:8443`,
        "127.0.0.1:9000": `${RECEIVER}:8000`,
        "listen 127.0.0.1:8080": "listen 8080",
        "through =": "rate = 20, through =",
        "30s;": "2s;",
        "image = { max_side = 1024 },": "",
    });
    await Promise.all([connect(centre, CENTRE), connect(receiver, RECEIVER), connect(edge)]);
});

afterAll(async () => {
    await Promise.all([edge, centre, node, receiver].map((container) => container?.stop()));
    await run("docker", "network", "rm", LINK);
    await rm(files, { recursive: true, force: true });
});

/** An answer to a camera. */
interface Answered {
    image: string;
    status: number;
    requestId: string;
    /** When it came, in milliseconds. */
    at: number;
    /** Where the answer of a request that was kept will be. */
    job: string;
    md5: unknown;
}

/** Posts so many images a second, however long each answer takes, until it is told to stop. */
class Camera {
    readonly answers: Answered[] = [];
    private readonly requests: Promise<void>[] = [];
    private readonly timer = setInterval(() => this.requests.push(this.post()), 1000 / IMAGES_PER_SECOND);

    private async post(): Promise<void> {
        const image = newImage();
        try {
            const answer = await ask(edge.url("/api/analyze"), { method: "POST", body: new Uint8Array(image) });
            this.answers.push({
                image: md5(image),
                status: answer.status,
                requestId: answer.headers.get("x-request-id") ?? "",
                at: Date.now(),
                job: answer.headers.get("location") ?? "",
                md5: answer.json.md5,
            });
        } catch {
            // Its worker was killed: nothing was promised.
        }
    }

    async stop(): Promise<void> {
        clearInterval(this.timer);
        await Promise.all(this.requests);
    }
}

/** When workers were killed, from before to after, in milliseconds. */
const kills: [number, number][] = [];

/** nginx is busy with a request for so long at most after its answer has gone to the client. */
const AFTER_ANSWER_MS = 2000;

/**
 * Whether a worker may have been killed between the answer and its record: nginx logs a request when its answer has been sent,
 * so what a client has by then may never be logged.
 */
function mayLackRecord({ at }: Answered): boolean {
    return kills.some(([from, to]) => at > from - AFTER_ANSWER_MS && at < to + AFTER_ANSWER_MS);
}

/** Kills all workers of the edge, whatever they do; its master starts others. */
async function killWorkers(): Promise<void> {
    const began = Date.now();
    const script = "kill -9 $(cat /proc/$(cat run/edge.pid)/task/*/children)";
    const { exitCode } = await edge.exec(["sh", "-c", script]);
    expect(exitCode).toBe(0);
    kills.push([began, Date.now()]);
}

async function keysSeen(): Promise<{ keys?: string[]; without: number }> {
    return (await fetch(node.url("/keys"))).json() as Promise<{ keys?: string[]; without: number }>;
}

test("what an edge accepts while its link is cut is delivered once, whatever happens to its workers", async () => {
    onTestFailed(async () => {
        for (const [name, tier] of Object.entries({ edge, centre })) {
            const port = name === "edge" ? 8081 : 8082;
            const page = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'GET /metrics/openclaw HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3; cat <&3`;
            const look = `ls run/jobs/pending 2>/dev/null; tail -n 40 run/*.log; ${page} | grep -E 'edge|fault|node'`;
            const { output } = await tier.exec(["bash", "-c", look]);
            const log = tier.log().split("\n");
            console.error(
                `${name}:\n${output}\n${log.filter((line) => !line.includes("no live upstreams")).join("\n")}`,
            );
        }
    });
    const camera = new Camera();
    await eventually("images are analyzed", () => camera.answers.some(({ status }) => status === 200));

    await Promise.all([cut(centre), cut(receiver)]);
    const began = Date.now();
    for (const seconds of [10, 20]) {
        await sleep(began + seconds * 1000 - Date.now());
        await killWorkers();
    }
    await sleep(began + CUT_SECONDS * 1000 - Date.now());
    await Promise.all([connect(centre, CENTRE), connect(receiver, RECEIVER)]);

    // Once more in the middle of the deliveries.
    const before = (await keysSeen()).keys?.length ?? 0;
    await eventually("jobs are delivered", async () => ((await keysSeen()).keys?.length ?? 0) > before + 5, 60_000);
    await killWorkers();
    await eventually("the link is up", () => camera.answers.at(-1)?.status === 200, 60_000);
    await camera.stop();

    const { answers } = camera;
    expect(answers.filter(({ status }) => status !== 200 && status !== 202)).toEqual([]);
    const kept = answers.filter(({ status }) => status === 202);
    expect(kept.length).toBeGreaterThan((CUT_SECONDS * IMAGES_PER_SECOND) / 2);
    for (const { image, md5: answered } of answers.filter(({ status }) => status === 200)) expect(answered).toBe(image);

    for (const { image, job } of kept) {
        const done = await eventually(
            `${job} is done`,
            async () => {
                const answer = await ask(edge.url(job));
                return answer.status === 200 && answer;
            },
            60_000,
        );
        expect(done.json).toEqual({ md5: image });
    }
    const { keys = [] } = await keysSeen();
    const ids = kept.map(({ job }) => path.basename(job));
    expect([...keys].sort()).toEqual([...new Set(keys)].sort());
    expect(ids.filter((id) => !keys.includes(id))).toEqual([]);

    // A request that a camera was answered stands in the log once, by the id of the record.
    const surelyLogged = answers.filter((answer) => !mayLackRecord(answer));
    expect(surelyLogged.length).toBeGreaterThan(answers.length / 2);
    const records = await eventually(
        "all is logged",
        async () => {
            const unique = new Map((await readRecords(receiver)).map((record) => [record.id, record]));
            const logged = new Set([...unique.values()].map(({ request_id: id }) => id));
            return surelyLogged.every(({ requestId }) => logged.has(requestId)) && [...unique.values()];
        },
        60_000,
    );
    for (const answer of answers) {
        const { requestId, status } = answer;
        const own = records.filter((record) => record.request_id === requestId && record.status === status);
        // A job's delivery is a request as well, with the id of the one that was kept.
        const most = `${requestId} ${status}`;
        if (mayLackRecord(answer)) expect(own.length, most).toBeLessThanOrEqual(1);
        else expect(own.length, most).toBe(1);
    }
}, 240_000);
