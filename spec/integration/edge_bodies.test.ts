/** What is kept of requests whose bodies nginx has in files. */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EdgeOptions } from "./support/edge_gateway";
import { EdgeGateway } from "./support/edge_gateway";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import { makePrefix } from "./support/native_nginx";
import type { Answer } from "./support/scenario";
import { ask } from "./support/scenario";

const KIB = 1024;

let shared: string;

beforeAll(async () => {
    shared = await makePrefix();
    await mkdir(path.join(shared, "bodies"));
    for (const folder of [shared, path.join(shared, "bodies")]) await chmod(folder, 0o777);
});

afterAll(() => rm(shared, { recursive: true, force: true }));

/** An edge whose centre is gone, with a route that has no plugin but edge; bodies are where others have theirs, too. */
async function start(options: Partial<EdgeOptions> = {}): Promise<EdgeGateway> {
    return EdgeGateway.start({
        ...options,
        nodes: [`127.0.0.1:${await freePort()}`],
        digest: false,
        ofEdge: `fall = 100000, ${options.ofEdge ?? ""}`,
        server: `client_body_temp_path ${shared}/bodies; client_body_buffer_size 16k;`,
    });
}

function post(edge: EdgeGateway, body: Buffer): Promise<Answer> {
    return ask(edge.url("/plain/bodies"), { method: "POST", body: new Uint8Array(body) });
}

/** The body of a job, as it is on the disk. */
async function kept(edge: EdgeGateway, answer: Answer): Promise<Buffer> {
    expect(answer).toMatchObject({ status: 202 });
    const { id } = answer.json as { id: string };
    const record = await readFile(path.join(edge.folder, "jobs/pending", id));
    return record.subarray(record.indexOf("\n") + 1);
}

/** How many files there are in one folder of the store. */
async function count(edge: EdgeGateway, shelf: string): Promise<number> {
    return (await readdir(path.join(edge.folder, "jobs", shelf))).length;
}

/** Sends a whole request and leaves so many milliseconds later, whatever comes until then. */
function postAndLeave(edge: EdgeGateway, body: Buffer, milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
        const socket = connect(edge.nginx.port, "127.0.0.1");
        socket.on("error", () => undefined).on("close", () => resolve());
        socket.write(`POST /plain/left HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`);
        socket.write(body, () => setTimeout(() => socket.destroy(), milliseconds));
    });
}

describe("clients that leave", () => {
    for (const check of ["on", "off"]) {
        test(`leave nothing that is not counted, with lua_check_client_abort ${check}`, async () => {
            await using edge = await start({
                http: `lua_check_client_abort ${check};`,
                main: "thread_pool default threads=2;",
                ofEdge: "max_jobs = 200, max_tries = 1, client_share = 1,",
            });
            const body = randomBytes(3000 * KIB);
            for (let round = 0; round < 5; round += 1) {
                await Promise.all(Array.from({ length: 20 }, (_, place) => postAndLeave(edge, body, place * 4)));
            }
            const answer = await post(edge, Buffer.from("and one that stays"));
            expect(answer.status).toBe(202);
            await eventually("nothing is being written any more", async () => (await count(edge, "incoming")) === 0);
            await eventually("no body is left", async () => (await readdir(path.join(shared, "bodies"))).length === 0);
            // None of these waits for what is counted to be put right: that happens once a minute.
            const metrics = await edge.metrics();
            const pending = await count(edge, "pending");
            expect(metrics.get('openclaw_edge_jobs{route="work",state="pending"}')).toBe(pending);
            const accepted = metrics.get('openclaw_edge_jobs_total{route="work",result="accepted"}');
            expect(accepted).toBe(pending);
            const bytes = metrics.get('openclaw_edge_store_bytes{route="work",state="pending"}') ?? 0;
            let found = 0;
            for (const name of await readdir(path.join(edge.folder, "jobs/pending"))) {
                found += (await stat(path.join(edge.folder, "jobs/pending", name))).size;
            }
            expect(bytes).toBe(found);
        });
    }
});

describe("bodies in files", () => {
    test("are kept as they came, also where another nginx has its own under the same names", async () => {
        await using first = await start();
        await using second = await start();
        const sent = Array.from({ length: 40 }, (_, place) => ({
            edge: place % 2 === 0 ? first : second,
            body: randomBytes(200 * KIB),
        }));
        const answers = await Promise.all(sent.map(({ edge, body }) => post(edge, body)));
        for (const [place, answer] of answers.entries()) {
            const { edge, body } = sent[place] as (typeof sent)[number];
            expect((await kept(edge, answer)).equals(body), `body ${place}`).toBe(true);
        }
        expect(await readdir(path.join(shared, "bodies"))).toEqual([]);
    });
});
