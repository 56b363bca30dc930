/** The helper processes of image: what they need on disk, what they leave, and what ends them. */
import { readdir, readFile } from "node:fs/promises";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { run } from "./support/checkout";
import { eventually } from "./support/eventually";
import {
    type Answer,
    type Helper,
    helpersOf,
    KeepingNode,
    post,
    running,
    startImageGateway,
} from "./support/image_gateway";
import type { NativeNginx } from "./support/native_nginx";
import { scene } from "./support/pictures";

let node: KeepingNode;
let picture: Buffer;

beforeEach(async () => {
    node = await KeepingNode.start();
    picture = await scene("png", 64, 64);
});

function postAll(gateway: NativeNginx, count: number): Promise<Answer[]> {
    return Promise.all(Array.from({ length: count }, () => post(gateway, picture)));
}

/** A gateway whose helpers have all been started. */
async function startWithHelpers(jobs: number, options = ""): Promise<{ gateway: NativeNginx; helpers: Helper[] }> {
    const image = `isolate = "process", jobs = ${jobs}, queue = 100, ${options}`;
    const gateway = await startImageGateway(node, {
        image,
        // The notes in the dict that are of no other configuration than the running one.
        server: `location = /notes { content_by_lua_block {
            local count = 0
            for _, key in ipairs(ngx.shared.openclaw:get_keys(0)) do
                if key:find("^image folder") or key:find("^image helper") then count = count + 1 end
            end
            ngx.print(count)
        } }`,
    });
    const helpers = await eventually("all helpers are there", async () => {
        await postAll(gateway, jobs * 2);
        const found = await helpersOf(gateway);
        return found.length === jobs && found;
    });
    return { gateway, helpers };
}

async function parentOf(pid: number): Promise<number> {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    return Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
}

/** Puts another file system where the helpers of a gateway listen, and ends them. False where this process may not. */
async function mountOver({ pid, folder }: Helper, options: string): Promise<boolean> {
    const isMounted = await run("mount", "-t", "tmpfs", "-o", `mode=777,${options}`, "tmpfs", folder).then(
        () => true,
        () => false,
    );
    if (isMounted)
        onTestFinished(() =>
            run("umount", "-l", folder)
                .then(() => run("rm", "-rf", folder))
                .then(() => undefined),
        );
    process.kill(pid, "SIGKILL");
    return isMounted;
}

describe("helpers", () => {
    test("that are stopped are replaced, and the request is answered", async () => {
        const { gateway, helpers } = await startWithHelpers(1, "seconds = 4");
        process.kill((helpers[0] as Helper).pid, "SIGSTOP");
        expect(await post(gateway, picture)).toMatchObject({ status: 200 });
        const [other] = await helpersOf(gateway);
        expect(other?.pid).not.toBe(helpers[0]?.pid);
    });

    test("of a worker that is killed end, what waits in others goes on, and nothing is left", async () => {
        const { gateway, helpers } = await startWithHelpers(2);
        const [{ pid, folder }] = helpers as [Helper];
        for (const helper of helpers) process.kill(helper.pid, "SIGSTOP");
        const asked = Array.from({ length: 8 }, () =>
            post(gateway, picture).then(
                ({ status }) => status,
                () => 0,
            ),
        );
        await eventually("both places are taken", async () => (await running(gateway)) === 2);
        process.kill(await parentOf(pid), "SIGKILL");
        for (const helper of helpers) process.kill(helper.pid, "SIGCONT");
        const statuses = await Promise.all(asked);
        expect(statuses.filter((status) => status !== 200 && status !== 0)).toEqual([]);
        expect(statuses).toContain(200);
        const isGone = (): Promise<boolean> =>
            readFile(`/proc/${pid}/stat`).then(
                () => false,
                () => true,
            );
        await eventually("its helper has ended", isGone, 10_000);
        await postAll(gateway, 8).then((all) => expect(all.map(({ status }) => status)).toEqual(Array(8).fill(200)));
        expect(await running(gateway)).toBe(0);
        await gateway.crash();
        await eventually("the folder is gone", () =>
            readdir(folder).then(
                () => false,
                () => true,
            ),
        );
    });

    test("of twenty configurations leave neither processes nor folders nor notes", async () => {
        const { gateway, helpers } = await startWithHelpers(2);
        for (let time = 0; time < 20; time += 1) {
            await gateway.reload();
            for (const { status } of await postAll(gateway, 4)) expect(status).toBe(200);
        }
        await eventually("old workers have ended", async () => (await gateway.drainingPids()).length === 0);
        const last = await helpersOf(gateway);
        expect(last.length).toBeLessThanOrEqual(2);
        const [{ folder: first }] = helpers as [Helper];
        await eventually("old folders are gone", () =>
            readdir(first).then(
                () => false,
                () => true,
            ),
        );
        // Of 16 configurations: a folder and two helpers each.
        expect(Number(await gateway.get("/notes"))).toBeLessThanOrEqual(48);
    });

    test("are started where the disk is full", async ({ skip }) => {
        const { gateway, helpers } = await startWithHelpers(1);
        const [helper] = helpers as [Helper];
        if (!(await mountOver(helper, "size=4k"))) skip("only those who may mount can try this");
        await run("sh", "-c", `cat /dev/zero > ${helper.folder}/filling 2>/dev/null || true`);
        expect(await post(gateway, picture)).toMatchObject({ status: 200 });
    });

    test("are started in another folder where theirs cannot be written to any longer", async ({ skip }) => {
        const { gateway, helpers } = await startWithHelpers(1);
        const [helper] = helpers as [Helper];
        if (!(await mountOver(helper, "ro"))) skip("only those who may mount can try this");
        expect(await post(gateway, picture)).toMatchObject({ status: 200 });
        const [other] = await helpersOf(gateway);
        expect(other?.folder).not.toBe(helper.folder);
    });

    test("do what a binary that is replaced has begun, and those of the new one the rest", async () => {
        const { gateway } = await startWithHelpers(2);
        await gateway.becomeDaemon();
        await postAll(gateway, 4);
        const end = await gateway.upgrade();
        const asked = Array.from({ length: 5 }, () => postAll(gateway, 4));
        await end();
        for (const answers of await Promise.all(asked)) for (const { status } of answers) expect(status).toBe(200);
    });
});
