import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { eventually } from "./support/eventually";
import { NativeNginx } from "./support/native_nginx";

const LEASE_SECONDS = 3;
/** Renewed after a third of its time, a lease that nobody gives up or takes over lasts at least so long. */
const UNEXPIRED_SECONDS = (LEASE_SECONDS * 2) / 3;

/** A step of work: by which worker, and when, in seconds since 1970. */
interface Step {
    pid: number;
    at: number;
}

/** Workers that ask fifty times a second whether they lead, and write a line for each step of the work they do then. */
function workingNginx(workers: number): Promise<NativeNginx> {
    return NativeNginx.start({
        workers,
        http: `
            init_by_lua_block {
                local region = require("resty.openclaw.core.memory.shared_memory").open("openclaw")
                leader = require("resty.openclaw.core.memory.leader").new(region.names, "test", ${LEASE_SECONDS})
                steps = assert(io.open(ngx.config.prefix() .. "steps", "a"))
                steps:setvbuf("line")
            }
            init_worker_by_lua_block {
                assert(ngx.timer.every(0.02, function(premature)
                    if premature then return leader:resign() end
                    if leader:leads() then
                        ngx.update_time()
                        steps:write(ngx.worker.pid(), " ", string.format("%.3f", ngx.now()), "\\n")
                    end
                end))
            }`,
        server: `location = /hold { content_by_lua_block { ngx.print("held") ngx.flush(true) ngx.sleep(60) } }`,
        files: { steps: "" },
    });
}

/** The work so far, in the order in which it was done. */
async function stepsOf(nginx: NativeNginx): Promise<Step[]> {
    const text = await readFile(path.join(nginx.prefix, "steps"), "utf8");
    const lines = text.split("\n").slice(0, -1);
    return lines.map((line) => {
        const [pid, at] = line.split(" ").map(Number);
        return { pid: pid ?? NaN, at: at ?? NaN };
    });
}

/** Resolves with the worker that leads when it has done so many more steps. */
async function leaderOf(nginx: NativeNginx, steps = 10): Promise<number> {
    const before = (await stepsOf(nginx)).length;
    return eventually("work goes on", async () => {
        const more = (await stepsOf(nginx)).slice(before);
        return more.length >= steps && more[more.length - 1]?.pid;
    });
}

/** The workers that led, one after the other. */
function reigns(steps: readonly Step[]): number[] {
    return steps.map((step) => step.pid).filter((pid, index, pids) => pid !== pids[index - 1]);
}

/** The longest time in which nobody worked. */
function longestGap(steps: readonly Step[]): number {
    const gaps = steps.slice(1).map((step, index) => step.at - (steps[index]?.at ?? NaN));
    return Math.max(...gaps);
}

test("one worker leads, and goes on leading", async () => {
    await using nginx = await workingNginx(4);
    await leaderOf(nginx, 250);
    const steps = await stepsOf(nginx);
    expect(reigns(steps)).toHaveLength(1);
    expect(longestGap(steps)).toBeLessThan(LEASE_SECONDS);
});

test("over reloads each leader gives way to the next, though old workers drain on", async () => {
    await using nginx = await workingNginx(3);
    const held = [];
    for (let reload = 0; reload < 5; reload += 1) {
        // Keeps workers of each generation from exiting.
        for (let request = 0; request < 6; request += 1) {
            held.push(fetch(nginx.url("/hold")).then((answer) => answer.text().catch(() => "")));
        }
        const leader = await leaderOf(nginx);
        await nginx.reload();
        await nginx.waitFor("another worker leads", async () => (await leaderOf(nginx)) !== leader);
    }
    expect((await nginx.drainingPids()).length).toBeGreaterThan(0);
    const steps = await stepsOf(nginx);
    const leaders = reigns(steps);
    expect(new Set(leaders).size).toBe(leaders.length);
    expect(leaders.length).toBeGreaterThanOrEqual(6);
    expect(longestGap(steps)).toBeLessThan(UNEXPIRED_SECONDS);
    await nginx.stop();
    await Promise.allSettled(held);
});

test("a leader that is killed is followed by one other, long before its lease ends", async () => {
    await using nginx = await workingNginx(4);
    for (let round = 0; round < 8; round += 1) {
        const leader = await leaderOf(nginx);
        nginx.kill(leader, "SIGKILL");
        await nginx.waitFor("another worker leads", async () => (await leaderOf(nginx)) !== leader);
    }
    const steps = await stepsOf(nginx);
    const leaders = reigns(steps);
    expect(leaders).toHaveLength(9);
    expect(new Set(leaders).size).toBe(9);
    expect(longestGap(steps)).toBeLessThan(UNEXPIRED_SECONDS);
});

test("a leader that hangs is followed by another, and does not work on when it wakes up", async () => {
    await using nginx = await workingNginx(3);
    const leader = await leaderOf(nginx);
    nginx.kill(leader, "SIGSTOP");
    await nginx.waitFor("another worker leads", async () => (await leaderOf(nginx)) !== leader);
    const before = (await stepsOf(nginx)).length;
    nginx.kill(leader, "SIGCONT");
    const successor = await leaderOf(nginx, 50);
    const after = (await stepsOf(nginx)).slice(before).filter((step) => step.pid === leader);
    expect(successor).not.toBe(leader);
    // It may have been stopped between the question and the step.
    expect(after.length).toBeLessThanOrEqual(1);
});
