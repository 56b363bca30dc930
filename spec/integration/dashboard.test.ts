import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as format from "../../dashboard/format.ts";
import type {
    ImageStatus,
    NodeStatus,
    RoomClassStatus,
    RoomStatus,
    RouteFigures,
    RouteStatus,
    StatusDocument,
} from "../../src/resty/openclaw/status/document.d.ts";
import type { WatchedPage } from "./support/browser";
import { newPage, startBrowser } from "./support/browser";
import { eventually } from "./support/eventually";
import { Load } from "./support/load";
import { balancedUpstream, NativeNginx } from "./support/native_nginx";
import { NodeProcess, startNodeProcesses } from "./support/node_process";
import { scene } from "./support/pictures";

const TOKEN = "0123456789abcdef0123456789abcdef";
const HOSTILE = `<img src=x onerror="window.hacked=1">`;

let browser: Browser;

beforeAll(async () => {
    browser = await startBrowser();
});

afterAll(async () => {
    await browser.close();
});

/** The gateway over some nodes, with three routes: one without a cache, one with, and one of a hostile name; and one for images if asked. */
function startGateway(
    nodes: readonly { address: string }[],
    { status = "", hasImages = false } = {},
): Promise<NativeNginx> {
    const list = nodes.map(({ address }) => `"${address}"`).join(", ");
    const common = "include route.conf; proxy_pass http://cluster;";
    return NativeNginx.start({
        workers: 1,
        // Who writes the log must reach it.
        main: "user root; thread_pool default threads=2;",
        http: `
            keepalive_requests 1000000;
            include openclaw.conf;
            proxy_cache_path run/cache keys_zone=answers:1m use_temp_path=off;
            init_by_lua_block {
                local sample = require("resty.openclaw.plugin").define {
                    name = "sample", meaning = "says something of itself", schema = {},
                    create = function(_, context)
                        return { status = function() return { route = context.route, deep = { list = { 1, 2 } } } end }
                    end,
                }
                require("resty.openclaw").setup {
                    plugins = { sample },
                    upstreams = { cluster = { nodes = { ${list} }, queue = { concurrency = 50, classes = { vip = { weight = 8 } } } } },
                    routes = {
                        chat = { upstream = "cluster", sample = {} },
                        cached = { upstream = "cluster", body_digest = {} },
                        ['${HOSTILE}'] = { upstream = "cluster", sample = {} },
                        ${hasImages ? 'pictures = { upstream = "cluster", image = { max_side = 64 } },' : ""}
                    },
                    log = { sinks = { { type = "file", path = ngx.config.prefix() .. "run/requests.log" } } },
                    status = { ${status} },
                }
            }
            ${balancedUpstream("cluster", "keepalive 32;")}`,
        server: `
            include errors.conf;
            include admin.conf;
            include status.conf;
            include proxy.conf;
            location = /chat { set $openclaw_route chat; ${common} }
            ${hasImages ? `location = /pictures { set $openclaw_route pictures; ${common} }` : ""}
            location = /hostile { set $openclaw_route '${HOSTILE}'; ${common} }
            location = /cached {
                set $openclaw_route cached;
                include cache.conf;
                proxy_cache answers;
                ${common}
            }`,
    });
}

type Watched = WatchedPage<StatusDocument>;

function newDashboard(options: Parameters<typeof newPage>[2] = {}): Promise<Watched> {
    return newPage<StatusDocument>(browser, ({ time }) => String(time), options);
}

interface Shown {
    value: string | undefined;
    text: string;
}

/** What stands on the page at one moment. */
interface Snapshot {
    time: string;
    facts: Record<string, Shown>;
    tiles: Record<string, Shown>;
    /** Rows by table and key. */
    tables: Record<string, Record<string, Record<string, Shown>>>;
    banner: string;
    mode: string;
}

function snapshot(page: Page): Promise<Snapshot> {
    return page.evaluate(() => {
        const body = document.body;
        const fieldsIn = (parent: HTMLElement): Record<string, Shown> => {
            const found: Record<string, Shown> = {};
            for (const field of parent.querySelectorAll<HTMLElement>("[data-field]")) {
                found[field.dataset.field ?? ""] = { value: field.dataset.value, text: field.textContent };
            }
            return found;
        };
        const tables: Snapshot["tables"] = {};
        for (const table of body.querySelectorAll("table")) {
            const rows: Record<string, Record<string, Shown>> = {};
            for (const row of table.querySelectorAll<HTMLElement>("tbody tr"))
                rows[row.dataset.key ?? ""] = fieldsIn(row);
            tables[table.getAttribute("aria-label") ?? ""] = rows;
        }
        return {
            time: body.dataset.time ?? "",
            mode: body.dataset.mode ?? "",
            banner: body.querySelector("#banner")?.textContent ?? "",
            facts: fieldsIn(body.querySelector<HTMLElement>(".facts") ?? body),
            tiles: fieldsIn(body.querySelector<HTMLElement>("#summary") ?? body),
            tables,
        };
    });
}

/** Waits until the page shows a status, another one than that of the time given. */
function nextSnapshot({ page }: Watched, after = ""): Promise<Snapshot> {
    return eventually("the page shows another status", async () => {
        const shown = await snapshot(page);
        return shown.time !== "" && shown.time !== after && shown;
    });
}

function valueOf(value: unknown): string {
    return value === null || value === undefined ? "" : String(value);
}

/** What a row says of a node; what it should say. */
function expectedNode(node: NodeStatus): Record<string, string> {
    return {
        address: node.address,
        state: node.state,
        effective_weight: valueOf(node.effective_weight),
        in_flight: valueOf(node.in_flight),
        requests_per_second: valueOf(node.recent.requests_per_second),
        error_share: valueOf(node.recent.error_share),
        service_seconds: valueOf(node.service_seconds),
        mean_seconds: valueOf(node.recent.mean_seconds),
        seconds: node.seconds === null ? "" : node.seconds.map(valueOf).join(),
    };
}

function expectedClass({ name, waiting, ...figures }: RoomClassStatus): Record<string, string> {
    return {
        name,
        waiting: valueOf(waiting),
        p95_wait_seconds: valueOf(figures.p95_wait_seconds),
        requests_per_second: valueOf(figures.requests_per_second),
        refused_per_second: valueOf(figures.refused_per_second),
    };
}

function expectedRoute(name: string, figures: RouteFigures): Record<string, string> {
    const { recent } = figures;
    return {
        name,
        requests_per_second: valueOf(recent.requests_per_second),
        error_share: valueOf(recent.error_share),
        p50_seconds: valueOf(recent.p50_seconds),
        p95_seconds: valueOf(recent.p95_seconds),
        p99_seconds: valueOf(recent.p99_seconds),
        first_byte_p95_seconds: valueOf(recent.first_byte_p95_seconds),
        cache_hit_share: valueOf(recent.cache_hit_share),
        response_bytes: valueOf(figures.response_bytes),
    };
}

function expectedImage(route: string, { recent, ...figures }: ImageStatus): Record<string, string> {
    return {
        route,
        converted_per_second: valueOf(recent.converted_per_second),
        refused_per_second: valueOf(recent.refused_per_second),
        running: valueOf(figures.running),
        waiting: valueOf(figures.waiting),
        bytes_in: valueOf(figures.bytes_in),
        bytes_out: valueOf(figures.bytes_out),
        saved_share: valueOf(figures.saved_share),
    };
}

function values(rows: Record<string, Record<string, Shown>>): Record<string, Record<string, string | undefined>> {
    const found: Record<string, Record<string, string | undefined>> = {};
    for (const [key, fields] of Object.entries(rows)) {
        found[key] = Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value]));
    }
    return found;
}

/** Fails unless the page shows just what the gateway has answered it. */
function expectAgreement(shown: Snapshot, status: StatusDocument): void {
    for (const [name, { nodes, queue }] of Object.entries(status.upstreams)) {
        const classes = Object.fromEntries((queue?.classes ?? []).map((row) => [row.name, expectedClass(row)]));
        expect(values(shown.tables[`Waiting room of ${name}`] ?? {})).toEqual(classes);
        const expected = Object.fromEntries(nodes.map((node) => [node.address, expectedNode(node)]));
        expect(values(shown.tables[`Nodes of ${name}`] ?? {})).toEqual(expected);
        for (const node of nodes) {
            const row = shown.tables[`Nodes of ${name}`]?.[node.address];
            expect(row?.in_flight?.text).toBe(format.count(node.in_flight));
            expect(row?.state?.text).toBe(format.word(node.state));
            expect(row?.requests_per_second?.text).toBe(format.rate(node.recent.requests_per_second));
        }
    }
    const routes: Record<string, Record<string, string>> = {};
    for (const [name, route] of Object.entries(status.routes)) {
        routes[name] = expectedRoute(name, route);
        for (const [variant, figures] of Object.entries(route.variants ?? {})) {
            routes[`${name}\0${variant}`] = expectedRoute(variant, figures);
        }
        expect(shown.tables.Routes?.[name]?.p95_seconds?.text).toBe(format.seconds(route.recent.p95_seconds));
        expect(shown.tables.Routes?.[name]?.error_share?.text).toBe(format.share(route.recent.error_share));
    }
    expect(values(shown.tables.Routes ?? {})).toEqual(routes);
    for (const route of ["chat", HOSTILE].filter((name) => status.routes[name] !== undefined)) {
        expect(status.routes[route]?.plugins).toEqual({ sample: { route, deep: { list: [1, 2] } } });
        expect(values(shown.tables[`Plugin sample of ${route}`] ?? {})).toEqual({
            route: { field: "route", value: route },
            "deep.list": { field: "deep.list", value: "1, 2" },
        });
    }
    const images = Object.entries(status.images).map(([name, image]) => [name, expectedImage(name, image)]);
    expect(values(shown.tables.Images ?? {})).toEqual(Object.fromEntries(images));
    const queues = Object.fromEntries(
        Object.entries(status.queues).map(([sink, queue]) => {
            const { queued, queued_bytes, spool_bytes, sent, retries } = queue;
            const dropped = Object.values(queue.dropped).reduce((sum, count) => sum + count, 0);
            const fields = Object.entries({ sink, queued, queued_bytes, spool_bytes, sent, retries, dropped });
            return [sink, Object.fromEntries(fields.map(([name, value]) => [name, valueOf(value)]))];
        }),
    );
    expect(values(shown.tables["Log queues"] ?? {})).toEqual(queues);
    expect(shown.facts.version?.text).toBe(status.version);
    expect(shown.facts.connections?.value).toBe(String(status.connections?.active));
    expect(shown.facts.window_seconds?.value).toBe(String(status.window_seconds));
    expect(shown.mode).toBe("live");
    expect(shown.banner).toBe("");
}

/** The status that the page has shown; the page may have it a moment before the test does. */
function answerOf({ answers }: Watched, time: string): Promise<StatusDocument> {
    return eventually("the test has the answer as well", () => answers.get(time));
}

/** Opens the page, which must do nothing wrong until the end. */
async function open(nginx: NativeNginx, options: Parameters<typeof newDashboard>[0] = {}): Promise<Watched> {
    const watched = await newDashboard(options);
    const answer = await watched.page.goto(nginx.url("/openclaw/"));
    expect(answer?.status()).toBe(200);
    return watched;
}

/** Requests to all routes. */
function loadAll(nginx: NativeNginx): AsyncDisposable {
    const loads = [
        new Load(nginx.url("/chat"), 4),
        new Load(nginx.url("/hostile"), 1),
        new Load(nginx.url("/cached"), 1, { body: Buffer.from("the same") }),
    ];
    return {
        async [Symbol.asyncDispose]() {
            await Promise.all(loads.map((load) => load.stop()));
        },
    };
}

function expectInnocence(watched: Watched, nginx: NativeNginx): void {
    expect(watched.problems).toEqual([]);
    expect([...watched.origins]).toEqual([new URL(nginx.url()).origin]);
}

/** What is wider than the screen, or than the place it has; the page itself must not be scrolled sideways. */
function tooWide(page: Page): Promise<string[]> {
    return page.evaluate(() => {
        const width = document.documentElement.clientWidth;
        const found: string[] = [];
        if (document.documentElement.scrollWidth > width) found.push("page");
        for (const node of document.querySelectorAll(
            "h1, h2, h3, .tile, .scroll, tbody th, tbody td, .facts, .spark",
        )) {
            const { right, width: own } = node.getBoundingClientRect();
            const isCut = node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).display !== "inline";
            if (own > 0 && (right > width || isCut)) found.push(`${node.tagName} ${node.textContent.slice(0, 40)}`);
        }
        return found;
    });
}

/** Red, green and blue of a computed colour. */
async function colourOf(page: Page, selector: string, property: "color" | "background-color"): Promise<number[]> {
    const text = await page
        .locator(selector)
        .first()
        .evaluate((node, name) => {
            return getComputedStyle(node).getPropertyValue(name);
        }, property);
    return (text.match(/[\d.]+/g) ?? []).map(Number);
}

test("what the page shows is what the gateway has answered it, while requests flow", async () => {
    await using nodes = await startNodeProcesses({ delay: 0.005 }, { delay: 0.015 }, { delay: 0.03 });
    await using nginx = await startGateway(nodes);
    await using _ = loadAll(nginx);
    await using watched = await open(nginx);
    const { page } = watched;
    await nextSnapshot(watched);
    // What is kept over all updates is not made anew.
    await page.evaluate(() => {
        for (const row of document.body.querySelectorAll("tr, canvas, .figure")) Object.assign(row, { isFirst: true });
    });
    let last = "";
    for (let round = 0; round < 5; round += 1) {
        const shown = await nextSnapshot(watched, last);
        expectAgreement(shown, await answerOf(watched, shown.time));
        last = shown.time;
    }
    const status = await answerOf(watched, last);
    expect(status.routes.chat?.recent.requests_per_second).toBeGreaterThan(1);
    expect(status.routes.chat?.recent.p95_seconds).toBeGreaterThan(0);
    const room = status.upstreams.cluster?.queue;
    expect(room?.concurrency).toBe(50);
    expect(room?.taken).toBeLessThanOrEqual(6);
    const [standard, vip] = room?.classes ?? [];
    expect(standard?.requests_per_second).toBeGreaterThan(1);
    expect(standard?.p95_wait_seconds).toBeLessThan(0.1);
    expect(vip?.requests_per_second).toBe(0);
    expect(status.routes.cached?.recent.cache_hit_share).toBeGreaterThan(0.5);
    expect(status.routes[HOSTILE]?.requests?.["2xx"]).toBeGreaterThan(0);
    expect(Object.values(status.queues)[0]?.sent).toBeGreaterThan(0);
    expect(status.upstreams.cluster?.nodes.map(({ state }) => state)).toEqual(["healthy", "healthy", "healthy"]);
    const strangers = await page.evaluate(() => {
        const all = [...document.body.querySelectorAll("tr, canvas, .figure")] as (HTMLElement & {
            isFirst?: boolean;
        })[];
        return all.filter(({ isFirst }) => isFirst !== true).length;
    });
    expect(strangers).toBe(0);
    expectInnocence(watched, nginx);
});

test("images that are converted and refused are on the page", async () => {
    await using nodes = await startNodeProcesses({});
    await using nginx = await startGateway(nodes, { hasImages: true });
    await using watched = await open(nginx);
    const before = await nextSnapshot(watched);
    expect(before.tables.Images?.pictures?.saved_share).toEqual({ value: "", text: format.NONE });
    const picture = await scene("png", 300, 200);
    for (const body of [picture, picture, picture.subarray(0, 1000)]) {
        const answer = await fetch(nginx.url("/pictures"), { method: "POST", body: new Uint8Array(body) });
        await answer.arrayBuffer();
    }
    const shown = await eventually("all are counted", async () => {
        const now = await snapshot(watched.page);
        const { images } = await answerOf(watched, now.time);
        return images.pictures?.converted === 2 && images.pictures.refused === 1 && now;
    });
    const status = await answerOf(watched, shown.time);
    expectAgreement(shown, status);
    const image = status.images.pictures as ImageStatus;
    expect(image).toMatchObject({ running: 0, waiting: 0, bytes_in: 2 * picture.length });
    expect(image.bytes_out).toBeGreaterThan(0);
    expect(image.saved_share).toBeCloseTo(1 - image.bytes_out / image.bytes_in, 3);
    expect(status.routes.pictures?.plugins.image).toMatchObject({ jobs: 2 });
    expectInnocence(watched, nginx);
});

test("a node that dies turns red without a reload, and comes back", async () => {
    await using nodes = await startNodeProcesses({ delay: 0.005 }, { delay: 0.005 });
    const victim = nodes[1] as NodeProcess;
    await using nginx = await startGateway(nodes);
    await using _ = new Load(nginx.url("/chat"), 4);
    await using watched = await open(nginx);
    const { page } = watched;
    const stateOf = async () => (await snapshot(page)).tables["Nodes of cluster"]?.[victim.address]?.state;
    const pill = `tr[data-key="${victim.address}"] .state`;
    await eventually("it is up", async () => (await stateOf())?.value === "healthy");
    const [red = 0, green = 0] = await colourOf(page, pill, "color");
    expect(green).toBeGreaterThan(red);
    await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
    await victim.kill();
    const down = await eventually("it is down", async () => {
        const state = await stateOf();
        return state?.value === "down" && state;
    });
    expect(down.text).toBe("down");
    expect(await page.getAttribute(pill, "title")).toMatch(/^failed requests(, tried again in .+)?$/);
    // Colours change within a moment.
    await eventually("it is red", async () => {
        const [red = 0, green = 0] = await colourOf(page, pill, "color");
        return red > 2 * green;
    });
    expect(await page.title()).toBe("(1 down) OpenClaw");
    await victim.startAgain({ delay: 0.005 });
    await eventually("it is up again", async () => (await stateOf())?.value === "healthy");
    await eventually("it is green", async () => {
        const [red = 0, green = 0] = await colourOf(page, pill, "color");
        return green > red;
    });
    await eventually("the title is as before", async () => (await page.title()) === "OpenClaw");
    expect(await page.evaluate(() => (globalThis as unknown as { isSamePage?: boolean }).isSamePage)).toBe(true);
    expectInnocence(watched, nginx);
});

describe("a gateway that does not answer", () => {
    test("is told from one that refuses, and the page goes on when it answers again", async () => {
        await using nodes = await startNodeProcesses({});
        const nginx = await startGateway(nodes);
        try {
            await using watched = await open(nginx);
            const { page } = watched;
            const banner = (text: string) =>
                eventually(
                    `the banner says: ${text}`,
                    async () => (await snapshot(page)).banner.includes(text),
                    60_000,
                );
            await nextSnapshot(watched);
            expectInnocence(watched, nginx);
            await page.route("**/openclaw/status", (route) => route.abort());
            await banner("can’t be reached");
            expect((await snapshot(page)).mode).toBe("stale");
            expect(await page.locator("#banner").getAttribute("aria-live")).toBe("polite");
            expect(await page.locator("#banner").isVisible()).toBe(true);
            await page.unroute("**/openclaw/status");
            await eventually("it has recovered", async () => (await snapshot(page)).mode === "live");
            expect(await page.locator("#banner").isVisible()).toBe(false);

            await page.route("**/openclaw/status", (route) => route.fulfill({ status: 200, body: '{"time":' }));
            await banner("broke off");
            await page.unroute("**/openclaw/status");
            await eventually("it has recovered", async () => (await snapshot(page)).mode === "live");

            await page.context().setExtraHTTPHeaders({ "X-Forwarded-For": "192.0.2.1" });
            await banner("403: Only programs on this machine may do this: the request has an X-Forwarded-For header.");
            await page.context().setExtraHTTPHeaders({});
            await eventually("it has recovered", async () => (await snapshot(page)).mode === "live");

            await nginx.stop();
            await banner("can’t be reached");
        } finally {
            await nginx.stop();
        }
    });

    test("is not asked while nobody looks", async () => {
        await using nodes = await startNodeProcesses({});
        await using nginx = await startGateway(nodes);
        await using watched = await open(nginx);
        const { page, answers } = watched;
        await nextSnapshot(watched);
        const hide = (isHidden: boolean) =>
            page.evaluate((hidden) => {
                Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
                document.dispatchEvent(new Event("visibilitychange"));
            }, isHidden);
        await hide(true);
        await eventually("it says so", async () => (await snapshot(page)).mode === "paused");
        // What was asked for before may still arrive.
        await page.waitForTimeout(500);
        const count = answers.size;
        await page.waitForTimeout(3_000);
        expect(answers.size).toBe(count);
        const { time } = await snapshot(page);
        await hide(false);
        await nextSnapshot(watched, time);
        expect((await snapshot(page)).mode).toBe("live");
        expectInnocence(watched, nginx);
    });
});

describe("who may see the page", () => {
    test("nobody from elsewhere without a token", async () => {
        await using watched = await newDashboard({ extraHTTPHeaders: { "X-Forwarded-For": "192.0.2.1" } });
        const answer = await watched.page.goto(idle.url("/openclaw/"));
        expect(answer?.status()).toBe(403);
        expect(await answer?.json()).toMatchObject({ error: { code: "forbidden" } });
    });

    test("whoever gives the token as a password", async () => {
        await using nodes = await startNodeProcesses({});
        await using nginx = await startGateway(nodes, { status: `token = "${TOKEN}"` });
        {
            await using stranger = await newDashboard({ httpCredentials: { username: "me", password: "a guess" } });
            expect((await stranger.page.goto(nginx.url("/openclaw/")))?.status()).toBe(401);
        }
        await using watched = await open(nginx, {
            httpCredentials: { username: "me", password: TOKEN },
            extraHTTPHeaders: { "X-Forwarded-For": "192.0.2.1" },
        });
        const shown = await nextSnapshot(watched);
        const next = await nextSnapshot(watched, shown.time);
        expectAgreement(next, await answerOf(watched, next.time));
        // The browser says that it was asked for the token.
        expect(watched.problems.filter((problem) => !problem.includes("401"))).toEqual([]);
    });
});

const NO_FIGURES: RouteFigures = {
    requests: null,
    request_bytes: null,
    response_bytes: null,
    cache_saved_seconds: null,
    recent: {
        requests_per_second: null,
        error_share: null,
        p50_seconds: null,
        p95_seconds: null,
        p99_seconds: null,
        first_byte_p95_seconds: null,
        cache_hit_share: null,
    },
    models: null,
};

function someFigures(seed: number): RouteFigures {
    return {
        requests: { "1xx": 0, "2xx": 1000 * seed, "3xx": 0, "4xx": 3, "5xx": seed, other: 0 },
        request_bytes: 1e9 * seed,
        response_bytes: 1e7 * seed,
        cache_saved_seconds: 4000 * seed,
        recent: {
            requests_per_second: 12.5 * seed,
            error_share: 0.01 * seed,
            p50_seconds: 0.05 * seed,
            p95_seconds: 0.5 * seed,
            p99_seconds: 1.5 * seed,
            first_byte_p95_seconds: 0.02 * seed,
            cache_hit_share: 0.5,
        },
        models: null,
    };
}

/** What a plugin with much to say may say. */
function somePlugin(seed: number): unknown {
    const words = Array.from({ length: 40 }, (_, place) => `word-${place}`);
    return { seed, words, long: "x".repeat(200), ["name".repeat(40)]: { of: { a: { field: 0.123456 } } } };
}

function someNode(address: string, seed: number): NodeStatus {
    return {
        address,
        state: ["healthy", "busy", "down", "half_open", "draining"][seed % 5] ?? "",
        reason: [null, "busy", "failed_checks", null, "draining"][seed % 5] ?? null,
        seconds_left: seed % 5 === 1 ? 7 : null,
        weight: 1,
        drain: seed % 5 === 4,
        effective_weight: 0.5 + seed,
        in_flight: seed,
        service_seconds: 0.1 * seed,
        concurrency: 4,
        tries: 1000 * seed,
        answers: { "1xx": 0, "2xx": 990, "3xx": 0, "4xx": 0, "5xx": 10, other: 0 },
        recent: { requests_per_second: seed, error_share: 0.01, mean_seconds: 0.2 },
        seconds: Array.from({ length: 60 }, (_, place) =>
            place % 7 === 0 ? null : 0.1 + Math.sin(place / 5 + seed) / 20,
        ),
    };
}

/** A waiting room with classes of these names. */
function someRoom(names: readonly string[]): RoomStatus {
    return {
        concurrency: 20,
        learned: true,
        changed: false,
        taken: 12,
        classes: names.map((name, seed) => ({
            name,
            weight: 1 + seed,
            waiting: 3 * seed,
            size: 200,
            requests_per_second: 10,
            p95_wait_seconds: 0.25,
            refused_per_second: 0,
        })),
    };
}

function someImage(seed: number): ImageStatus {
    return {
        running: 2,
        waiting: 3 * seed,
        converted: 12_345_678 * seed,
        refused: 321 * seed,
        bytes_in: 4e12 * seed,
        bytes_out: 1e12 * seed,
        saved_share: 0.75,
        recent: { converted_per_second: 12.5 * seed, refused_per_second: 0.25 * seed },
    };
}

/** A status that no gateway of these tests would have. */
function madeUp(changes: Partial<StatusDocument>): StatusDocument {
    return {
        version: "0.1.0",
        time: 1_700_000_000,
        started: 1_699_000_000,
        workers: 4,
        worker: { pid: 1, seconds: 5 },
        connections: { active: 12, reading: 0, writing: 2, waiting: 10 },
        window_seconds: 62.1,
        upstreams: {},
        routes: {},
        edges: {},
        images: {},
        queues: {},
        faults: [],
        metrics: { dropped_labels: null, lost_series: null, misuse: null, expired_series: null },
        memory: { slots: { used: 100, free: 253_788 }, bytes: { used: 1_000_000, free: 9_485_760 } },
        ...changes,
    };
}

/** A gateway whose page is asked for, and nothing else. */
let idle: NativeNginx;

beforeAll(async () => {
    idle = await startGateway([{ address: "127.0.0.1:9" }]);
});

afterAll(async () => {
    await idle.stop();
});

/** The page over a status that was made up. */
async function openOver(status: StatusDocument, options: Parameters<typeof newDashboard>[0] = {}): Promise<Watched> {
    const watched = await newDashboard(options);
    await watched.page.route("**/openclaw/status", (route) => route.fulfill({ json: status }));
    await watched.page.goto(idle.url("/openclaw/"));
    await nextSnapshot(watched);
    return watched;
}

/** Everything that a name can be the name of. */
function named(name: string): StatusDocument {
    const model = {
        prompt_tokens: 1,
        completion_tokens: 2,
        recent: {
            prompt_tokens_per_second: 3,
            completion_tokens_per_second: 4,
            answer_tokens_per_second_p50: 5,
            first_token_p95_seconds: 0.6,
        },
    };
    const figures = { ...someFigures(1), models: { [name]: model } };
    return madeUp({
        upstreams: { [name]: { degraded: true, queue: someRoom([name]), nodes: [someNode(name, 2)] } },
        routes: {
            [name]: {
                ...figures,
                variants: { "": figures, [name]: figures },
                plugins: { [name]: { [name]: { [name]: name } } },
            },
        },
        edges: {
            [name]: {
                link: "down",
                pending: 1,
                done: 2,
                failed: 6,
                oldest_seconds: 3,
                stored_bytes: 4,
                results: { [name]: 5 },
            },
        },
        images: { [name]: someImage(1) },
        queues: { [name]: { queued: 1, queued_bytes: 2, spool_bytes: 7, sent: 3, retries: 4, dropped: { [name]: 5 } } },
        faults: [{ plugin: name, kind: name, count: 6 }],
    });
}

describe("names from elsewhere", () => {
    const NAMES = [
        HOSTILE,
        `"><script>window.hacked=1</script>`,
        "${7*7}{{7*7}}",
        "&lt;b&gt;",
        "__proto__x",
        "x".repeat(128),
    ];

    test.for(NAMES)("are shown as they are: %s", async (name) => {
        await using watched = await openOver(named(name), { viewport: { width: 360, height: 740 } });
        const { page } = watched;
        const { tables } = await snapshot(page);
        expect(tables[`Nodes of ${name}`]?.[name]?.address?.text).toBe(name);
        expect(tables[`Waiting room of ${name}`]?.[name]?.name?.text).toBe(name);
        expect(tables.Routes?.[name]?.name?.text).toBe(name);
        expect(tables.Routes?.[`${name}\0${name}`]?.name?.text).toBe(name);
        expect(tables.Routes?.[`${name}\0`]?.name?.text).toBe("no variant");
        expect(tables[`Plugin ${name} of ${name}`]?.[`${name}.${name}`]?.value?.text).toBe(name);
        expect(tables.Models?.[`${name}\0${name}\0${name}`]?.model?.text).toBe(name);
        expect(tables.Images?.[name]?.route?.text).toBe(name);
        expect(tables.Edge?.[name]?.route?.text).toBe(name);
        expect(tables.Edge?.[name]?.link?.text).toBe("down");
        expect(tables.Edge?.[name]?.oldest_seconds?.text).toBe(format.duration(3));
        expect(tables["Log queues"]?.[name]?.sink?.text).toBe(name);
        expect(tables["Log queues"]?.[name]?.dropped?.text).toBe("5");
        expect(tables.Faults?.[`${name}\0${name}`]?.plugin?.text).toBe(name);
        expect(await page.locator("h2", { hasText: name }).count()).toBeGreaterThan(0);
        expect(await page.locator("img, iframe, object").count()).toBe(0);
        // Its own.
        expect(await page.locator("script").count()).toBe(1);
        expect(await page.evaluate(() => (globalThis as unknown as { hacked?: number }).hacked)).toBe(undefined);
        expect(await tooWide(page)).toEqual([]);
        expectInnocence(watched, idle);
    });
});

describe("the page", () => {
    test("shows nothing where there is nothing", async () => {
        const nothing = {
            degraded: null,
            queue: null,
            nodes: [{ ...someNode("a", 0), seconds: null, answers: null, tries: null }],
        };
        const status = madeUp({
            started: null,
            connections: null,
            window_seconds: 0,
            upstreams: { empty: { degraded: null, queue: null, nodes: [] }, nothing },
            routes: { r: { ...NO_FIGURES, variants: null, plugins: { broken: null, empty: {} } } },
        });
        await using watched = await openOver(status);
        const { tables, facts } = await snapshot(watched.page);
        expect(tables.Routes?.r?.p95_seconds).toEqual({ value: "", text: format.NONE });
        expect(facts.uptime).toEqual({ value: "", text: format.NONE });
        expect(tables["Nodes of empty"]).toEqual({});
        for (const id of ["upstreams .room", "plugins .plugin", "models", "images", "edges", "queues", "faults"])
            expect(await watched.page.locator(`#${id}`).first().isVisible()).toBe(false);
        await watched.page.unroute("**/openclaw/status");
        expectInnocence(watched, idle);
    });

    test("has room for much, on a small screen and in the dark", async () => {
        const many = Array.from({ length: 100 }, (_, number) => number);
        const status = madeUp({
            upstreams: {
                u: {
                    degraded: null,
                    queue: someRoom(["standard", "x".repeat(64), ...many.slice(0, 14).map((seed) => `class-${seed}`)]),
                    nodes: many.map((seed) => someNode(`10.0.0.${seed}:8000`, seed)),
                },
            },
            routes: Object.fromEntries(
                many.map((seed) => [
                    `route-${seed}`,
                    {
                        ...someFigures(seed),
                        variants: { "": someFigures(1), v1: someFigures(2), v2: someFigures(seed) },
                        plugins: seed < 5 ? { wordy: somePlugin(seed) } : {},
                    },
                ]),
            ),
            images: Object.fromEntries(many.map((seed) => [`route-${seed}`, someImage(seed)])),
        });
        await using watched = await openOver(status, {
            viewport: { width: 360, height: 740 },
            colorScheme: "dark",
            reducedMotion: "reduce",
        });
        const { page } = watched;
        for (const width of [320, 360, 600, 800, 960, 961, 1280]) {
            await page.setViewportSize({ width, height: 740 });
            expect(await tooWide(page)).toEqual([]);
        }
        const [red = 255, green = 255, blue = 255] = await colourOf(page, "body", "background-color");
        expect(Math.max(red, green, blue)).toBeLessThan(40);
        expect((await colourOf(page, "body", "color"))[0]).toBeGreaterThan(200);
        await page.emulateMedia({ colorScheme: "light" });
        expect((await colourOf(page, "body", "background-color"))[0]).toBeGreaterThan(230);
        const duration = await page.locator("main").evaluate((node) => {
            return getComputedStyle(node).transitionDuration;
        });
        expect(duration).toBe("0s");
        expect(Object.keys((await snapshot(page)).tables.Routes ?? {})).toHaveLength(400);
        expectInnocence(watched, idle);
    });

    test.for([1280, 360])("has tables with names and headers for those who hear it, at %i pixels", async (width) => {
        await using watched = await openOver(named("x"), { viewport: { width, height: 740 } });
        const { page } = watched;
        for (const [name, head] of [
            ["Nodes of x", "In flight"],
            ["Waiting room of x", "Wait p95"],
            ["Routes", "p95"],
            ["Plugin x of x", "Value"],
            ["Models", "First token p95"],
            ["Images", "Saved"],
            ["Edge", "Jobs waiting"],
            ["Log queues", "Dropped"],
            ["Faults", "Times"],
        ] as const) {
            const table = page.getByRole("table", { name });
            expect(await table.getByRole("columnheader").allTextContents()).toContain(head);
            expect(await table.getByRole("rowheader").count()).toBeGreaterThan(0);
        }
        expect(await page.getByRole("status").count()).toBe(1);
        expect(await page.getByRole("heading", { level: 1 }).textContent()).toContain("OpenClaw");
        expect(await page.locator(".spark").getAttribute("aria-label")).toMatch(/^Mean of the last five minutes: \d/);
    });

    test("shows a waiting room: its places, and how each class waits", async () => {
        const room = someRoom(["batch", "standard", "vip"]);
        const [batch, standard, vip] = room.classes;
        Object.assign(batch ?? {}, { waiting: 0, size: 0, requests_per_second: 0, p95_wait_seconds: null });
        Object.assign(standard ?? {}, { waiting: 200, p95_wait_seconds: 4.5, refused_per_second: 1 });
        Object.assign(vip ?? {}, { refused_per_second: 0.01 });
        let shown: RoomStatus | null = room;
        let time = 1;
        await using watched = await newDashboard();
        const { page } = watched;
        await page.route("**/openclaw/status", (route) => {
            time += 1;
            const upstreams = {
                u: { degraded: null, queue: shown, nodes: [someNode("a:1", 0)] },
                without: { degraded: null, queue: null, nodes: [someNode("a:1", 0)] },
            };
            return route.fulfill({ json: madeUp({ time, upstreams }) });
        });
        await page.goto(idle.url("/openclaw/"));
        await nextSnapshot(watched);
        const head = page.locator("[data-upstream=u] .room h3");
        const parts = () => head.locator("small").allTextContents();
        expect(await parts()).toEqual(["12 of 20 places taken", "number learned"]);
        expect(await page.locator("[data-upstream=without] .room").isVisible()).toBe(false);
        const rows = (await snapshot(page)).tables["Waiting room of u"] ?? {};
        expect(Object.keys(rows)).toEqual(["batch", "standard", "vip"]);
        expect(rows.standard).toEqual({
            name: { value: "standard", text: "standard" },
            waiting: { value: "200", text: "200 of 200" },
            p95_wait_seconds: { value: "4.5", text: format.seconds(4.5) },
            requests_per_second: { value: "10", text: "10" },
            refused_per_second: { value: "1", text: "1.0" },
        });
        expect(rows.batch?.p95_wait_seconds).toEqual({ value: "", text: format.NONE });
        const levels = await page
            .locator("[data-upstream=u] .room tbody td")
            .evaluateAll((cells) => cells.map((cell) => (cell as HTMLElement).dataset.level ?? ""));
        // Waiting, wait, admitted, refused of each.
        expect(levels).toEqual([...["", "", "", ""], ...["warn", "", "", "bad"], ...["", "", "", "warn"]]);

        shown = { ...room, concurrency: 5, learned: false, changed: true, classes: room.classes.slice(1) };
        await eventually("an operator has set the number", async () => {
            return (await parts()).join() === "12 of 5 places taken,number set by an operator";
        });
        shown = { ...room, learned: false };
        await eventually("it is as configured", async () => (await parts())[1] === "number as configured");
        shown = null;
        await eventually("it is gone", async () => !(await head.isVisible()));
        expect(watched.problems).toEqual([]);
    });

    test("shows what became of images, by route", async () => {
        const images: Record<string, ImageStatus> = {
            busy: someImage(1),
            refusing: { ...someImage(1), recent: { converted_per_second: 1, refused_per_second: 1 } },
            larger: { ...someImage(1), saved_share: -0.25, recent: { converted_per_second: 1, refused_per_second: 0 } },
            gone: {
                ...someImage(0),
                running: null,
                waiting: null,
                saved_share: null,
                recent: { converted_per_second: null, refused_per_second: null },
            },
        };
        await using watched = await openOver(madeUp({ images }));
        const { page } = watched;
        const { Images: rows = {} } = (await snapshot(page)).tables;
        expect(rows.busy).toEqual({
            route: { value: "busy", text: "busy" },
            converted_per_second: { value: "12.5", text: format.rate(12.5) },
            refused_per_second: { value: "0.25", text: format.rate(0.25) },
            running: { value: "2", text: "2" },
            waiting: { value: "3", text: "3" },
            bytes_in: { value: "4000000000000", text: format.bytes(4e12) },
            bytes_out: { value: "1000000000000", text: format.bytes(1e12) },
            saved_share: { value: "0.75", text: format.share(0.75) },
        });
        expect(rows.larger?.saved_share?.text).toBe(format.share(-0.25));
        for (const field of ["converted_per_second", "refused_per_second", "running", "waiting", "saved_share"]) {
            expect(rows.gone?.[field], field).toEqual({ value: "", text: format.NONE });
        }
        const refused = page.locator("#images tbody [data-field=refused_per_second]");
        const levels = await refused.evaluateAll((cells) => cells.map((cell) => (cell as HTMLElement).dataset.level));
        expect(levels).toEqual(["warn", "bad", undefined, undefined]);
        const converted = page.locator("#images tr[data-key=busy] [data-field=converted_per_second]");
        expect(await converted.getAttribute("title")).toBe(`${format.count(12_345_678)} in all`);
        expect(await refused.first().getAttribute("title")).toBe("321 in all");
        expect(watched.problems).toEqual([]);
    });

    test("shows what plugins say, whatever it is", async () => {
        const fields = Object.fromEntries(Array.from({ length: 150 }, (_, place) => [`field-${place}`, place]));
        const mixed = {
            off: false,
            none: null,
            text: "",
            share: 0.123456,
            big: 1234567,
            list: [],
            rows: [{ a: 1 }, "b"],
        };
        const plugins = { mixed, many: fields, list: [1, 2], plain: 5 };
        const route: RouteStatus = { ...NO_FIGURES, variants: null, plugins };
        await using watched = await openOver(madeUp({ routes: { r: route } }));
        const { page } = watched;
        const { tables } = await snapshot(page);
        const texts = (plugin: string) =>
            Object.entries(tables[`Plugin ${plugin} of r`] ?? {}).map(([key, { value }]) => [key, value?.text]);
        expect(texts("mixed")).toEqual([
            ["off", "false"],
            ["none", format.NONE],
            ["text", format.NONE],
            ["share", "0.1235"],
            ["big", "1,234,567"],
            ["list", format.NONE],
            ["rows.0.a", "1"],
            ["rows.1", "b"],
        ]);
        expect(tables["Plugin mixed of r"]?.share?.value?.value).toBe("0.123456");
        expect(texts("many")).toHaveLength(100);
        expect(await page.locator(".plugin[data-plugin=many] .empty").textContent()).toMatch(/^50 more fields/);
        expect(texts("list")).toEqual([["", "1, 2"]]);
        expect(texts("plain")).toEqual([["", "5"]]);
        expect(await page.locator(".plugin[data-plugin=mixed] .empty").isVisible()).toBe(false);
        expect(watched.problems).toEqual([]);
    });

    test("follows rows that come, go and change places", async () => {
        await using watched = await newDashboard();
        const { page } = watched;
        let addresses = ["a:1", "b:1", "c:1"];
        let time = 1;
        await page.route("**/openclaw/status", (route) => {
            time += 1;
            const its_nodes = addresses.map((address, seed) => someNode(address, seed));
            const upstreams = addresses.length === 0 ? {} : { u: { degraded: null, queue: null, nodes: its_nodes } };
            return route.fulfill({ json: madeUp({ time, upstreams }) });
        });
        await page.goto(idle.url("/openclaw/"));
        for (const next of [["c:1", "a:1"], ["b:1", "c:1", "d:1", "a:1"], [], ["a:1"]]) {
            addresses = next;
            await eventually(`the rows are ${next.join()}`, async () => {
                const shown = await page
                    .locator("#upstreams tbody tr")
                    .evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset.key));
                return shown.join() === next.join();
            });
        }
        expect(watched.problems).toEqual([]);
    });
});

test("figures are written so that they can be read at a glance", () => {
    const shown = (write: (value: number | null) => string, ...figures: (number | null)[]) =>
        figures.map((figure) => write(figure).replaceAll("\u202f", " "));
    expect(
        shown(format.seconds, null, 0, 0.00042, 0.0012, 0.0421, 0.123, 0.9994, 0.9996, 1.234, 9.99, 12.34, 99.9, 125),
    ).toEqual([
        ...[
            "–",
            "0 ms",
            "0.42 ms",
            "1.2 ms",
            "42 ms",
            "123 ms",
            "999 ms",
            "1.00 s",
            "1.23 s",
            "9.99 s",
            "12.3 s",
            "99.9 s",
        ],
        "2 min 5 s",
    ]);
    expect(shown(format.rate, null, 0, 0.001, 0.5, 3.14159, 42.4, 1234, 12_345)).toEqual([
        ...["–", "0", "<0.01", "0.50", "3.1", "42", "1,234", "12.3K"],
    ]);
    expect(shown(format.share, null, 0, 0.0001, 0.0123, 0.5, 0.9999, 1)).toEqual([
        ...["–", "0 %", "<0.1 %", "1.2 %", "50.0 %", "99.9 %", "100 %"],
    ]);
    expect(shown(format.bytes, null, 0, 999, 1000, 1_500_000, 2.5e12)).toEqual([
        ...["–", "0 B", "999 B", "1.0 kB", "1.5 MB", "2.5 TB"],
    ]);
    expect(shown(format.duration, null, 0, 59.6, 61, 3600, 90_061)).toEqual([
        "–",
        "0 s",
        "1 min",
        "1 min 1 s",
        "1 h",
        "1 d 1 h",
    ]);
    expect(shown(format.count, null, 0, 1234, 12_345_678)).toEqual(["–", "0", "1,234", "12.3M"]);
});
