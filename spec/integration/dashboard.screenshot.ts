/** Takes the picture of the page that docs/status.md shows: `make screenshot`. No test. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished, test } from "vitest";
import { startBrowser } from "./support/browser";
import { CHECKOUT } from "./support/checkout";
import { Load } from "./support/load";
import { balancedUpstream, NativeNginx } from "./support/native_nginx";
import { startNodeProcesses } from "./support/node_process";
import { behave } from "./support/obedient_node";

const OUTPUT = path.resolve(CHECKOUT, process.env.OPENCLAW_SCREENSHOT ?? "docs/dashboard.png");

/** As long as the charts look back, and a little. */
const SECONDS = 310;

/** What the nodes take for a request, in seconds. */
const DELAYS = [0.06, 0.09, 0.13, 0.2];

async function call(nginx: NativeNginx, address: string, body: object): Promise<void> {
    const headers = { "Content-Type": "application/json" };
    const url = nginx.url(`/openclaw/upstreams/cluster/nodes/${address}`);
    const answer = await fetch(url, { method: "PUT", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(await answer.text());
}

test(
    "the page of a busy gateway",
    async () => {
        await using nodes = await startNodeProcesses(...DELAYS.map((delay) => ({ delay })), {}, { delay: 0.15 });
        const [, , slow, , failing, spare] = nodes;
        await using centres = await startNodeProcesses({ delay: 0.18 });
        const [centre] = centres;
        const folder = await mkdtemp(path.join(tmpdir(), "openclaw-screenshot-"));
        onTestFinished(() => rm(folder, { recursive: true }));
        await chmod(folder, 0o755);
        const socket = path.join(folder, "gateway.sock");
        const list = nodes.slice(0, 5).map(({ address }) => `"${address}"`);
        await using nginx = await NativeNginx.start({
            workers: 1,
            main: "user root; thread_pool default threads=2;",
            http: `
                keepalive_requests 1000000;
                include openclaw.conf;
                proxy_cache_path run/cache keys_zone=answers:1m use_temp_path=off;
                split_clients $request_id $split { 20% v2; * v1; }
                init_by_lua_block {
                    require("resty.openclaw").setup {
                        upstreams = {
                            cluster = { nodes = { ${list.join(", ")} }, fallback = "spare" },
                            spare = { nodes = { "${spare?.address}" } },
                            centre = { nodes = { "${centre?.address}" } },
                        },
                        routes = {
                            analyze = { upstream = "cluster", body_digest = {} },
                            chat = { upstream = "cluster" },
                            ponds = {
                                upstream = "centre",
                                edge = { store = "${folder}/jobs", through = "http://unix:${socket}" },
                            },
                        },
                        log = {
                            sinks = { { type = "file", path = "${folder}/requests.log" } },
                            durable = true,
                            spool = "${folder}/spool",
                        },
                    }
                }
                ${balancedUpstream("cluster", "keepalive 32;")}
                ${balancedUpstream("centre", "keepalive 32;")}`,
            server: `
                listen unix:${socket};
                include errors.conf;
                include admin.conf;
                include status.conf;
                include proxy.conf;
                include edge.conf;
                location = /ponds {
                    set $openclaw_route ponds;
                    include route.conf;
                    include edge_route.conf;
                    proxy_pass http://centre;
                }
                location = /chat {
                    set $openclaw_route chat;
                    set $openclaw_variant $split;
                    include route.conf;
                    proxy_pass http://cluster;
                }
                location = /analyze {
                    set $openclaw_route analyze;
                    include route.conf;
                    include cache.conf;
                    proxy_cache answers;
                    proxy_pass http://cluster;
                }`,
        });
        const post = async (pathAndQuery: string): Promise<void> => {
            const answer = await fetch(nginx.url(pathAndQuery), { method: "POST", body: "image" });
            await answer.text();
        };
        await using chat = new Load(nginx.url("/chat"), 6);
        const end = Date.now() + SECONDS * 1000;
        let sent = 0;
        for (let step = 0; Date.now() < end; step += 1) {
            // They are faster at times, and slower.
            const left = (end - Date.now()) / 1000;
            for (const [place, node] of nodes.entries()) {
                const delay =
                    (DELAYS[place] ?? 0.15) *
                    (1 + 0.35 * Math.sin(step / (23 + 11 * place) + 2 * place) + 0.25 * Math.random());
                const isFailing = node === failing && left < 45;
                await behave(node, { delay, status: isFailing ? 500 : 200 });
            }
            if (step === 260 && slow !== undefined) await call(nginx, slow.address, { drain: true });
            const images = Array.from({ length: 6 }, async () => {
                sent += 1;
                await post(`/analyze?n=${sent % 3 === 0 ? sent : sent % 7}`);
            });
            // The link is gone for a while in the middle, and at the end.
            if (step === 150) await centre?.kill();
            if (step === 180) await centre?.startAgain({ delay: 0.18 });
            if (step > 200 && left < 25) await centre?.kill();
            await Promise.all([...images, post("/ponds"), new Promise((resolve) => setTimeout(resolve, 700))]);
        }
        await failing?.kill();
        const browser = await startBrowser();
        const page = await browser.newPage({ viewport: { width: 1180, height: 700 }, deviceScaleFactor: 1.5 });
        for (const colorScheme of ["light", "dark"] as const) {
            await page.emulateMedia({ colorScheme });
            await page.goto(nginx.url("/openclaw/"));
            await page.locator('.state[data-state="down"]').first().waitFor();
            await page.waitForTimeout(1_000);
            const suffix = colorScheme === "light" ? ".png" : "-dark.png";
            await page.screenshot({ path: OUTPUT.replace(/\.png$/, suffix), fullPage: true });
        }
        await browser.close();
        await chat.stop();
    },
    (SECONDS + 90) * 1000,
);
