/** What is kept of requests whose bodies nginx has in files. */
import { randomBytes } from "node:crypto";
import { mkdir, chmod, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EdgeGateway } from "./support/edge_gateway";
import { freePort, makePrefix } from "./support/native_nginx";
import { ask } from "./support/scenario";
import type { Answer } from "./support/scenario";

const KIB = 1024;

let shared: string;

beforeAll(async () => {
    shared = await makePrefix();
    await mkdir(path.join(shared, "bodies"));
    for (const folder of [shared, path.join(shared, "bodies")]) await chmod(folder, 0o777);
});

afterAll(() => rm(shared, { recursive: true, force: true }));

/** An edge whose centre is gone, with a route that has no plugin but edge; bodies are where others have theirs, too. */
async function start(): Promise<EdgeGateway> {
    return EdgeGateway.start({
        nodes: [`127.0.0.1:${await freePort()}`],
        digest: false,
        ofEdge: "fall = 100000, max_age_seconds = 3600,",
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
