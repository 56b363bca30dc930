import { execFile } from "node:child_process";
import http from "node:http";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { eventually } from "./support/eventually";
import { Load } from "./support/load";
import { NativeNginx } from "./support/native_nginx";

/** Two workers with a counted route, nginx.metric and the page; each answer names its worker. */
function measuredNginx(init = ""): Promise<NativeNginx> {
    return NativeNginx.start({
        workers: 2,
        http: `
            init_by_lua_block {
                metrics = require("resty.openclaw.metrics").new()
                require("nginx.metric")
                ${init}
            }
            exit_worker_by_lua_block { require("resty.openclaw.core.memory.shared_memory").release(metrics.registry.region) }`,
        server: `
            add_header X-Worker $pid always;
            location = /counted { return 200 "ok"; log_by_lua_block { metrics:log() } }
            location = /metrics { content_by_lua_block { metrics:page() } }
            location = /own {
                content_by_lua_block {
                    local metric = require "nginx.metric"
                    metric.set("openclaw_inference_seconds", 0.25)
                    metric.inc("openclaw_images_total", 1, { model = "v1" })
                    metric.observe("openclaw_queue_seconds", 0.3, { model = "v1" })
                    ngx.print(ngx.worker.pid())
                }
            }
            location = /race {
                content_by_lua_block {
                    local metric = require "nginx.metric"
                    local name = "race_" .. ngx.var.arg_round
                    if ngx.worker.id() == 0 then metric.set(name, 1) else metric.inc(name) end
                    ngx.print(ngx.worker.pid())
                }
            }
            location = /many {
                content_by_lua_block {
                    local metric = require "nginx.metric"
                    for index = 1, 100 do metric.inc("openclaw_many_total", 1, { index = index }) end
                    ngx.print(ngx.worker.pid())
                }
            }`,
    });
}

/** A gateway with every plugin that has figures, some of them of things that went wrong, and the page as users include it. */
function wholeGateway(): Promise<NativeNginx> {
    return NativeNginx.start({
        http: `
            include openclaw.conf;
            init_by_lua_block {
                local gateway = require("resty.openclaw")
                local policies = { "xed", "round_robin", "least_conn", "latency_buckets", "consistent_hash" }
                local upstreams, routes = {}, {}
                for _, policy in ipairs(policies) do
                    upstreams[policy] = { nodes = { "127.0.0.1:1", "127.0.0.1:2" }, policy = policy }
                    if policy == "consistent_hash" then upstreams[policy].hash_on = "$uri" end
                    routes[policy] = { upstream = policy, body_digest = {} }
                end
                upstreams.round_robin.health_check = { uri = "/health", interval = 1 }
                routes.plain = {}
                gateway.setup {
                    upstreams = upstreams,
                    routes = routes,
                    log = { sinks = { { type = "http", url = "http://127.0.0.1:1/log" }, { type = "file", path = ngx.config.prefix() .. "run/records" } } },
                    metrics = { max_series = 60 },
                }
            }
            upstream of_route { server 0.0.0.1; balancer_by_lua_block { require("resty.openclaw").balance() } }`,
        server: `
            include errors.conf;
            include admin.conf;
            set $openclaw_route plain;
            rewrite_by_lua_block { ngx.header["X-Rewrite"] = "ran" }
            access_by_lua_block { require("resty.openclaw").access() ngx.header["X-Access"] = "ran" }
            header_filter_by_lua_block {
                ngx.header["X-Header-Filter"] = "ran"
                ngx.header.content_length = nil
            }
            body_filter_by_lua_block { if ngx.arg[2] then ngx.arg[1] = ngx.arg[1] .. " X-Body-Filter" end }
            include metrics.conf;
            location / { return 200 ok; }
            location /proxied/ { set $openclaw_route $arg_route; proxy_pass http://of_route; }
            location = /own {
                content_by_lua_block {
                    local metric = require "nginx.metric"
                    for index = 1, 70 do metric.inc("openclaw_many_total", 1, { index = index }) end
                    metric.inc("openclaw_many_total", -1)
                    ngx.print("ok")
                }
            }`,
    });
}

interface RawPage {
    status: number;
    headers: Record<string, string[] | undefined>;
    body: Buffer;
}

/** The page as it comes over the wire. */
function getRaw(nginx: NativeNginx, options: http.RequestOptions): Promise<RawPage> {
    return new Promise((resolve, reject) => {
        const url = nginx.url("/metrics/openclaw");
        const sent = http.request(url, { agent: false, timeout: 10_000, ...options }, (answer) => {
            const parts: Buffer[] = [];
            answer.on("data", (part: Buffer) => parts.push(part)).on("error", reject);
            answer.on("end", () =>
                resolve({
                    status: answer.statusCode ?? 0,
                    headers: answer.headersDistinct,
                    body: Buffer.concat(parts),
                }),
            );
        });
        sent.on("timeout", () => sent.destroy(new Error("no answer in time"))).on("error", reject);
        sent.end();
    });
}

const TEXT = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

interface Page {
    worker: number;
    text: string;
    samples: Map<string, number>;
}

async function readPage(nginx: NativeNginx): Promise<Page> {
    const answer = await fetch(nginx.url("/metrics"), { headers: { Connection: "close" } });
    expect(answer.status).toBe(200);
    const text = await answer.text();
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const samples = new Map(
        lines.map((line) => {
            const end = line.lastIndexOf(" ");
            return [line.slice(0, end), Number(line.slice(end + 1))] as const;
        }),
    );
    expect(samples.size).toBe(lines.length);
    return { worker: Number(answer.headers.get("X-Worker")), text, samples };
}

/** The page as each of the workers serves it. */
async function readAllPages(nginx: NativeNginx): Promise<Page[]> {
    const pids = await nginx.workerPids();
    const pages = new Map<number, Page>();
    await eventually("every worker has served the page", async () => {
        const page = await readPage(nginx);
        pages.set(page.worker, page);
        return pids.every((pid) => pages.has(pid));
    });
    return pids.map((pid) => pages.get(pid) as Page);
}

/** What promtool has to say; nothing when it accepts the page. Fails without promtool: Debian's package prometheus. */
function promtool(page: string): Promise<string> {
    return new Promise((resolve, reject) => {
        const child = execFile("promtool", ["check", "metrics"], (error, stdout, stderr) => {
            if (error !== null && typeof error.code !== "number") reject(error);
            else resolve(`${error === null ? "" : `status ${error.code}: `}${stdout}${stderr}`);
        });
        child.stdin?.end(page);
    });
}

const REQUESTS = 'openclaw_requests_total{route="default",variant="",status="2xx"}';

test("a metric that one worker sets stands on the page of every worker", async () => {
    await using nginx = await measuredNginx();
    await readAllPages(nginx);
    await nginx.get("/own");
    for (const { samples } of await readAllPages(nginx)) {
        expect(samples.get("openclaw_inference_seconds")).toBe(0.25);
        expect(samples.get('openclaw_images_total{model="v1"}')).toBe(1);
        expect(samples.get('openclaw_queue_seconds_bucket{model="v1",le="0.5"}')).toBe(1);
    }
});

test("promtool accepts the page of every worker without a word", async () => {
    await using nginx = await measuredNginx();
    await nginx.get("/own");
    await nginx.get("/many");
    await nginx.get("/counted");
    for (const { text } of await readAllPages(nginx)) expect(await promtool(text)).toBe("");
    expect(await promtool("# TYPE a counter\na 1\n")).not.toBe("");
});

test("counts never go down over reloads under load, and are exact in the end", async () => {
    await using nginx = await measuredNginx();
    await using load = new Load(nginx.url("/counted"));
    const last = new Map<string, number>();
    const look = async (): Promise<void> => {
        const { samples, text } = await readPage(nginx);
        for (const [series, value] of samples) {
            // Gauges may.
            if (text.includes(`# TYPE ${series.split("{")[0] ?? ""} gauge`)) continue;
            expect(value, series).toBeGreaterThanOrEqual(last.get(series) ?? 0);
            last.set(series, value);
        }
        for (const series of last.keys()) expect(samples.has(series), series).toBe(true);
    };
    for (let reload = 0; reload < 4; reload += 1) {
        const before = load.count(200);
        const reloaded = nginx.reload();
        await eventually("the new workers have answered", async () => {
            await look();
            return load.count(200) > before + 500;
        });
        await reloaded;
    }
    await load.stop();
    await eventually("all requests are counted", async () => {
        await look();
        return last.get(REQUESTS) === load.count(200);
    });
    expect(last.get('openclaw_request_duration_seconds_count{route="default",variant=""}')).toBe(load.count(200));
});

test("a histogram's lines agree with each other while others count", async () => {
    await using nginx = await measuredNginx();
    await using load = new Load(nginx.url("/counted"));
    for (let page = 0; page < 50; page += 1) {
        const { samples } = await readPage(nginx);
        const name = "openclaw_request_duration_seconds";
        const buckets = [...samples]
            .filter(([series]) => series.startsWith(`${name}_bucket`))
            .map(([, value]) => value);
        expect(buckets.length).toBe(16);
        expect(buckets).toEqual([...buckets].sort((left, right) => left - right));
        expect(buckets.at(-1)).toBe(samples.get(`${name}_count{route="default",variant=""}`));
    }
    await load.stop();
    expect(load.errors).toBe(0);
});

test("workers that make the same series at one moment make one", async () => {
    await using nginx = await measuredNginx();
    const answers = await Promise.all(Array.from({ length: 40 }, () => nginx.get("/many")));
    expect(new Set(answers).size).toBe(2);
    for (const { text, samples } of await readAllPages(nginx)) {
        const many = [...samples].filter(([series]) => series.startsWith("openclaw_many_total{"));
        expect(many.length).toBe(100);
        expect(many.every(([, value]) => value === 40)).toBe(true);
        expect(await promtool(text)).toBe("");
    }
});

test("a name that two workers use as different kinds has one kind in the end", async () => {
    await using nginx = await measuredNginx();
    const rounds = Array.from({ length: 20 }, (_, round) => round);
    for (const round of rounds) {
        const answers = await Promise.all(Array.from({ length: 12 }, () => nginx.get(`/race?round=${round}`)));
        expect(answers.length).toBe(12);
    }
    const [first, second] = await readAllPages(nginx);
    const types = (page?: Page): string[] => page?.text.match(/^# TYPE race_.*$/gm) ?? [];
    expect(types(first).length).toBe(rounds.length);
    expect(types(second)).toEqual(types(first));
    for (const round of rounds) {
        const misused = first?.samples.get(`openclaw_metrics_misuse_total{metric="race_${round}"}`) ?? 0;
        expect(misused).toBeLessThan(12);
    }
});

test("a reload may give a name another meaning", async () => {
    await using nginx = await NativeNginx.start({
        workers: 2,
        http: `init_by_lua_file kind.lua;`,
        files: { "kind.lua": "" },
        server: `
            add_header X-Worker $pid always;
            location = /use { content_by_lua_block { use() ngx.print(ngx.worker.pid()) } }
            location = /metrics { content_by_lua_block { metrics:page() } }`,
    });
    const { writeFile } = await import("node:fs/promises");
    const configure = async (use: string): Promise<void> => {
        await writeFile(
            `${nginx.prefix}/kind.lua`,
            `metrics = require("resty.openclaw.metrics").new()
             local metric = require("nginx.metric")
             function use() ${use} end`,
        );
        await nginx.reload();
        const pids = await nginx.workerPids();
        const used = new Set<number>();
        await eventually("every worker has used it", async () => {
            used.add(Number(await nginx.get("/use")));
            return pids.every((pid) => used.has(pid));
        });
    };
    await configure('metric.inc("changing", 1, { model = "v1" })');
    for (const { samples } of await readAllPages(nginx)) {
        expect(samples.get('changing{model="v1"}')).toBeGreaterThanOrEqual(2);
    }
    await configure('metric.set("changing", 7)');
    for (const { text, samples } of await readAllPages(nginx)) {
        expect(text).toContain("# TYPE changing gauge\n");
        expect(samples.get("changing")).toBe(7);
        expect(samples.has('changing{model="v1"}')).toBe(false);
        expect([...samples.keys()].filter((series) => series.includes("misuse"))).toEqual([]);
        expect(await promtool(text)).toBe("");
    }
});

test("what is counted never goes down while idle series go, workers die and nginx reloads", async () => {
    await using nginx = await NativeNginx.start({
        workers: 2,
        http: `
            init_by_lua_block {
                metrics = require("resty.openclaw.metrics").new({ idle_seconds = 3, max_series = 100000 })
                metric = require("nginx.metric")
                metrics:counter("at_start_total", "Bound in init, counted never.", { "x" }):labels("1")
                kept_family = metrics:counter("kept_total", "Counted through a handle that is kept.", { "x" })
            }
            exit_worker_by_lua_block { require("resty.openclaw.core.memory.shared_memory").release(metrics.registry.region) }`,
        server: `
            location = /live {
                content_by_lua_block {
                    kept = kept or kept_family:labels("1")
                    kept:inc()
                    metric.inc("live_total", 1, { x = math.random(1, 5) })
                    metric.observe("live_seconds", 0.3, { x = math.random(1, 5) })
                    ngx.print("ok")
                }
            }
            location = /churn {
                content_by_lua_block {
                    for index = 1, 10 do metric.inc("churn_total", 1, { x = ngx.var.arg_round .. "-" .. index }) end
                    ngx.print(ngx.worker.pid())
                }
            }
            location = /slots { content_by_lua_block { ngx.print(ngx.shared.openclaw:get("next_slot")) } }
            location = /metrics { content_by_lua_block { metrics:page() } }`,
    });
    await using load = new Load(nginx.url("/live"), 4);
    const last = new Map<string, number>();
    const sum = (name: string): number => {
        return [...last].reduce((all, [series, value]) => (series.startsWith(`${name}{`) ? all + value : all), 0);
    };
    let rounds = 0;
    let made = 0;
    const look = async (): Promise<void> => {
        rounds += 1;
        const churned = await fetch(nginx.url(`/churn?round=${rounds}`)).catch(() => undefined);
        if (churned?.ok === true) made += 10;
        const { samples } = await readPage(nginx);
        for (const [series, value] of samples) {
            // Each of these was counted once, in slots that others had before.
            if (series.startsWith("churn_total{")) expect(value, series).toBe(1);
            if (!/^(live|kept|at_start)_/.test(series)) continue;
            expect(value, series).toBeGreaterThanOrEqual(last.get(series) ?? 0);
            last.set(series, value);
        }
        for (const series of last.keys()) expect(samples.has(series), series).toBe(true);
        expect(samples.get('at_start_total{x="1"}')).toBe(0);
    };
    /** A worker that is killed takes the answer with it. */
    const lookAgain = async (): Promise<void> => {
        await look().catch(async (error: unknown) => {
            if (!(error instanceof TypeError)) throw error;
            await look();
        });
    };
    const end = Date.now() + 24_000;
    for (let disturbance = 0; Date.now() < end; disturbance += 1) {
        const until = Date.now() + 1500;
        while (Date.now() < until) await lookAgain();
        if (disturbance % 3 === 0) await nginx.reload();
        if (disturbance % 3 === 1) nginx.kill((await nginx.workerPids())[0] ?? 0, "SIGKILL");
    }
    await load.stop();
    await lookAgain();
    expect(made).toBeGreaterThan(1000);
    expect(Number(await nginx.get("/slots"))).toBeLessThan(made * 0.9);
    for (const name of ["live_total", "kept_total", "live_seconds_count"]) {
        expect(sum(name), name).toBeGreaterThanOrEqual(load.count(200));
        // What was in flight when its worker was killed may have been counted, though its answer never came.
        expect(sum(name), name).toBeLessThanOrEqual(load.count(200) + load.errors);
    }
    expect(last.get('kept_total{x="1"}')).toBe(sum("kept_total"));
    expect(await nginx.errorLog()).not.toMatch(/\[(error|crit)\]/);
}, 300_000);

test("the page that nginx/metrics.conf includes is compressed by nginx, in either format", async () => {
    await using nginx = await wholeGateway();
    for (const [accept, type] of [
        ["*/*", TEXT],
        ["application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", OPEN_METRICS],
    ] as const) {
        const plain = await getRaw(nginx, { headers: { Accept: accept } });
        expect(plain.headers["content-encoding"]).toBeUndefined();
        const packed = await getRaw(nginx, {
            headers: { Accept: accept, "Accept-Encoding": "gzip" },
        });
        expect(packed.headers["content-encoding"]).toEqual(["gzip"]);
        expect(packed.body.length).toBeLessThan(plain.body.length / 4);
        const text = gunzipSync(packed.body).toString();
        for (const page of [plain.body.toString(), text]) {
            expect(page).toContain("openclaw_upstream_node_state{");
            expect(page.endsWith("\n# EOF\n")).toBe(type === OPEN_METRICS);
        }
        const head = await getRaw(nginx, { method: "HEAD", headers: { Accept: accept, "Accept-Encoding": "gzip" } });
        expect(head.body.length).toBe(0);
        for (const answer of [plain, packed, head]) {
            expect(answer.status).toBe(200);
            expect(answer.headers["content-type"]).toEqual([type]);
        }
        for (const answer of [plain, packed]) expect(answer.headers.vary).toEqual(["Accept-Encoding", "Accept"]);
        // Of an answer without a body nginx does not ask whether it could be compressed.
        expect(head.headers.vary).toEqual(["Accept"]);
    }
});

test("the page that nginx/metrics.conf includes is for this machine alone, and for looking only", async () => {
    await using nginx = await wholeGateway();
    expect((await getRaw(nginx, { localAddress: "127.0.0.2" })).status).toBe(403);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
        const refused = await getRaw(nginx, { method });
        expect(refused.status).toBe(405);
        expect(refused.headers.allow).toEqual(["GET, HEAD"]);
    }
    await nginx.get("/plain");
    const counted = 'openclaw_requests_total{route="plain",variant="",status="2xx"} 1\n';
    const page = await eventually("another request is counted", async () => {
        const got = await getRaw(nginx, {});
        return got.body.includes(counted) ? got : undefined;
    });
    // No hook of the server is for the page: nothing is added to it, and it is not counted.
    expect(page.body.toString()).toContain('openclaw_requests_total{route="plain",variant="",status="4xx"} 0\n');
    expect(page.body.toString()).not.toContain("X-Body-Filter");
    expect(Object.keys(page.headers).filter((name) => name.startsWith("x-"))).toEqual([]);
});

test("promtool accepts all figures of a whole gateway without a word", async () => {
    await using nginx = await wholeGateway();
    for (const route of ["xed", "round_robin", "least_conn", "latency_buckets", "consistent_hash"]) {
        const url = nginx.url(`/proxied/?route=${route}`);
        expect((await fetch(url)).status).toBe(502);
        expect((await fetch(url, { method: "POST", body: "x" })).status).toBe(502);
    }
    await nginx.get("/own");
    await nginx.get("/plain");
    expect((await fetch(nginx.url("/openclaw/upstreams/xed"))).status).toBe(200);
    const families = [
        "openclaw_requests_total",
        "openclaw_upstream_tries_total",
        "openclaw_upstream_node_state",
        "openclaw_node_in_flight",
        "openclaw_metrics_dropped_labels_total",
        "openclaw_metrics_misuse_total",
        "openclaw_faults_total",
    ];
    const page = async (headers: Record<string, string>) => (await getRaw(nginx, { headers })).body.toString();
    await eventually("all families are shown", async () => {
        const text = await page({});
        return families.every((name) => text.includes(`# TYPE ${name} `));
    });
    expect(await promtool(await page({}))).toBe("");
    // promtool knows the older format only; a real Prometheus reads this one in another test.
    const open = await page({ Accept: "application/openmetrics-text" });
    const lines = open.split("\n");
    expect(lines.slice(-2)).toEqual(["# EOF", ""]);
    expect(lines.filter((line) => line === "")).toEqual([""]);
    for (const name of families) expect(open).toContain(`# TYPE ${name.replace(/_total$/, "")} `);
});
