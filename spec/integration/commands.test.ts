import { spawn } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { CHECKOUT, run } from "./support/checkout";
import { eventually } from "./support/eventually";

const TARGETS = [
    ...["help", "build", "lint", "spec", "integration", "bench", "bench-balancer", "screenshot", "check", "run"],
    "test",
];
const GATEWAY = "http://127.0.0.1:8080/";

function isListening(port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const socket = connect(port, "127.0.0.1", () => resolve(true));
        socket.on("error", () => resolve(false));
        socket.on("connect", () => socket.destroy());
    });
}

/** The processes whose command line or environment speaks of this folder. */
async function processesOf(folder: string): Promise<string[]> {
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    const texts = pids.map(async (pid) => {
        const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
        return environment + (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""));
    });
    const found = await Promise.all(texts);
    return pids.filter((_, index) => found[index]?.includes(folder));
}

/** Starts tools/run.sh; resolves with what it has printed when it says that the gateway runs. */
async function startRun(folder: string) {
    const script = spawn("tools/run.sh", {
        cwd: CHECKOUT,
        env: { ...process.env, TMPDIR: folder },
        stdio: ["ignore", "pipe", "pipe"],
    });
    const printed: string[] = [];
    script.stdout.on("data", (chunk) => printed.push(String(chunk)));
    script.stderr.on("data", (chunk) => printed.push(String(chunk)));
    const exited = new Promise<number | null>((resolve) => script.on("exit", resolve));
    return { script, exited, printed: () => printed.join("") };
}

/** The commands that the demo proposes, in order. */
async function proposedCommands(): Promise<string[]> {
    const hints = await readFile(path.join(CHECKOUT, "demo/try.txt"), "utf8");
    const lines = hints.split("\n").map((line) => line.trim());
    return lines.filter((line) => line.startsWith("curl "));
}

function inShell(command: string): Promise<string> {
    return run("bash", "-o", "pipefail", "-c", command);
}

test("make help names every target", async () => {
    const help = await run("make", "help");
    for (const target of TARGETS) expect(help).toMatch(new RegExp(`^ +make ${target} +\\S`, "m"));
});

test("what the demo proposes gives what it promises", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "openclaw-"));
    // Workers, who run as somebody else, keep their cache in it.
    await chmod(folder, 0o755);
    const { script, exited, printed } = await startRun(folder);
    try {
        await eventually(
            "the demo is ready",
            () => printed().includes("Ctrl-C stops the gateway and the nodes."),
            60_000,
        );
        const commands = await proposedCommands();
        expect(commands).toHaveLength(6);
        const [first, again, noImage, figures, drain, records] = commands as [
            string,
            string,
            string,
            string,
            string,
            string,
        ];
        const answer = await inShell(first);
        expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
        expect(answer).toMatch(/^X-OpenClaw-Node: 127\.0\.0\.1:810[123]\r$/m);
        expect(answer).toMatch(/^X-Cache-Status: MISS\r$/m);
        const cached = await inShell(again);
        expect(cached).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
        expect(cached).toMatch(/^X-Cache-Status: HIT\r$/m);
        expect(cached).not.toContain("X-OpenClaw-Node");
        expect(/\{.*\}/.exec(cached)?.[0]).toBe(/\{.*\}/.exec(answer)?.[0]);
        const refused = await inShell(noImage);
        expect(refused).toMatch(/^HTTP\/1\.1 415 /);
        expect(refused).toContain('{"error":{"code":"unsupported_media_type"');

        const node = /X-OpenClaw-Node: (\S+)/.exec(answer)?.[1];
        const shown = await inShell(figures);
        expect(shown).toContain(`openclaw_node_answers_total{node="${node}",outcome="ok"} 1\n`);
        expect(shown).toMatch(
            /^openclaw_upstream_node_weight\{upstream="openclaw_cluster",node="127\.0\.0\.1:8103"\} /m,
        );
        expect(JSON.parse(await inShell(drain))).toMatchObject({ address: "127.0.0.1:8103", state: "draining" });
        const page = (await readFile(path.join(CHECKOUT, "demo/try.txt"), "utf8")).match(/^ +(http:\S+)$/m)?.[1] ?? "";
        const dashboard = await fetch(page);
        expect(dashboard.status).toBe(200);
        expect(await dashboard.text()).toContain("<title>OpenClaw</title>");
        const status = (await (await fetch(new URL("status", page))).json()) as { routes: object };
        expect(status.routes).toHaveProperty("analyze.recent.requests_per_second");
        const lines = await eventually("the records have arrived", async () => {
            const arrived = (await inShell(records)).split("\n").filter((line) => line !== "");
            return arrived.length >= 3 && arrived.map((line) => JSON.parse(line) as unknown);
        });
        expect(lines).toHaveLength(3);
        for (const seen of [
            { status: 200, node, cache: "MISS" },
            { status: 200, node: null, cache: "HIT" },
            { status: 415, node: null, cache: null },
        ]) {
            expect(lines).toContainEqual(expect.objectContaining({ ...seen, route: "analyze", uri: "/api/analyze" }));
        }
    } finally {
        script.kill("SIGTERM");
        expect(await exited).toBe(0);
    }
    await rm(folder, { recursive: true });
}, 300_000);

test("make run answers, says what to try, and leaves nothing behind when it is stopped", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "openclaw with blank-"));
    const { script, exited, printed } = await startRun(folder);
    try {
        const hints = await readFile(path.join(CHECKOUT, "demo/try.txt"), "utf8");
        await eventually("the hints are printed", () => printed().includes(hints) || script.exitCode !== null, 60_000);
        expect(printed()).toContain(hints);
        const answer = await fetch(GATEWAY);
        expect(answer.status).toBeLessThan(500);

        const second = await startRun(folder);
        expect(await second.exited).toBe(1);
        expect(second.printed()).toContain("port 8080 of 127.0.0.1 is in use");
    } finally {
        script.kill("SIGTERM");
        expect(await exited).toBe(0);
    }
    expect(await isListening(8080)).toBe(false);
    expect(await processesOf(folder)).toEqual([]);
    await rm(folder, { recursive: true });
}, 300_000);
