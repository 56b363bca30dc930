/** nginx/scenarios/vip-first.conf, in real nginx processes. */
import { mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "./support/checkout";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import { HeldNode } from "./support/held_node";
import type { NativeNginx } from "./support/native_nginx";
import { startNativeScenario } from "./support/native_scenario";
import { JPEG, parseMetrics } from "./support/scenario";

let files: string;
let node: HeldNode;
let gateway: NativeNginx;
let port: number;

function content(name: string): string {
    return readFileSync(path.join(files, name), "utf8").trim();
}

beforeAll(async () => {
    files = mkdtempSync(path.join(tmpdir(), "openclaw-vip-"));
    await run("tools/api_files.sh", files);
    node = await HeldNode.start();
    port = await freePort();
    gateway = await startNativeScenario("vip-first", {
        'ngx.config.prefix() .. "run/api/': `"${files}/`,
        "listen 127.0.0.1:8080": `listen 127.0.0.1:${port}`,
        '"127.0.0.1:8101", "127.0.0.1:8102", "127.0.0.1:8103"': `"${node.address}"`,
        // With one place the order is certain.
        'concurrency = "learned"': "concurrency = 1",
    });
});

afterAll(async () => {
    await gateway?.stop();
    await node?.[Symbol.asyncDispose]();
    await rm(files, { recursive: true, force: true });
});

const VIP = () => ({ Authorization: `Bearer ${content("token")}` });
const STANDARD = () => ({ "X-API-Key": content("key") });

/** The status of an answer; its code if it is an error. */
function analyze(headers: http.OutgoingHttpHeaders): Promise<string> {
    return new Promise((resolve, reject) => {
        const options = { port, path: "/api/analyze", method: "POST", agent: false, headers };
        const sent = http.request(options, (answer) => {
            let text = "";
            answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
            answer.on("error", reject);
            answer.on("end", () => {
                const code = text.startsWith("{") ? (JSON.parse(text) as { error: { code: string } }).error.code : "";
                resolve(`${answer.statusCode} ${code}`.trim());
            });
        });
        sent.on("error", reject);
        sent.end(JPEG);
    });
}

function metric(name: string): Promise<number | undefined> {
    const ask = new Promise<string>((resolve, reject) => {
        http.get({ port, path: "/metrics/openclaw", agent: false }, (answer) => {
            let text = "";
            answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
            answer.on("end", () => resolve(text));
        }).on("error", reject);
    });
    return ask.then((page) => parseMetrics(page).get(name));
}

async function waiting(its_class: string, count: number): Promise<void> {
    const name = `openclaw_queue_length{upstream="openclaw_backend",class="${its_class}"}`;
    await eventually(`${count} of the class ${its_class} wait`, async () => (await metric(name)) === count);
}

test("VIP goes first, and the log says who waited", async () => {
    const answers = [analyze(STANDARD())];
    await node.seen(1);
    for (let count = 1; count <= 3; count += 1) {
        answers.push(analyze(STANDARD()));
        await waiting("standard", count);
    }
    // What a client says of itself does not count.
    answers.push(analyze({ ...STANDARD(), "X-User-Type": "vip" }));
    await waiting("standard", 4);
    const order: string[] = [];
    answers.push(analyze(VIP()).finally(() => order.push("vip")));
    await waiting("vip", 1);
    for (const answer of answers.slice(0, -1)) void answer.finally(() => order.push("standard"));
    for (let seen = 1; seen < 6; seen += 1) {
        node.answer();
        await node.seen(seen + 1);
    }
    node.answer();
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 6 }, () => "200"));
    expect(order.indexOf("vip")).toBeLessThanOrEqual(2);
    const log = readFileSync(path.join(gateway.prefix, "run/callers.log"), "utf8");
    expect(log).toMatch(/ "alice" vip 200 "" "[\d.]+" /);
    expect(log).toMatch(/ "camera-7" standard 200 "" "[\d.]+" /);
});

test("a client is limited as it was by limit_req, and VIP has more", async () => {
    node.answerAll();
    const standard = await Promise.all(Array.from({ length: 60 }, () => analyze(STANDARD())));
    const passed = standard.filter((answer) => answer === "200").length;
    expect(passed).toBeGreaterThanOrEqual(15);
    expect(passed).toBeLessThan(60);
    expect(new Set(standard)).toEqual(new Set(["200", "429 rate_limited"]));
    const vip = await Promise.all(Array.from({ length: 60 }, () => analyze(VIP())));
    expect(new Set(vip)).toEqual(new Set(["200"]));
    expect(await analyze({ "X-User-Type": "vip" })).toBe("401 credentials_required");
});
