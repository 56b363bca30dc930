import { execFile, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHECKOUT } from "./support/checkout";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import { balancedUpstream, makePrefix, NativeNginx } from "./support/native_nginx";
import { readPromql } from "./support/promql";
import { readSnippets } from "./support/snippets";

/** What comes to the page after a day, or with its first use, and its labels: it is enough that the code has the name. */
const TOO_LATE: Record<string, string[]> = {
    openclaw_metrics_expired_series_total: ["metric"],
    openclaw_post_action_actions_total: ["outcome"],
};

/** Metrics of docs/*.md that neither a rule nor a panel needs. */
const LEFT_OUT = ["openclaw_body_digest_bytes_total", "openclaw_inference_audio_seconds_total"];

/** What users may record to change an alert's limit. */
const LIMITS = [
    "route:openclaw_request_duration_seconds:p95_limit",
    "route:openclaw_request_first_byte_seconds:p95_limit",
];

/** The labels of what is recorded, beside `job`, by the first part of its name. */
const LEVELS: Record<string, string[]> = {
    route: ["route"],
    variant: ["route", "variant"],
    model: ["route", "variant", "model"],
    upstream: ["upstream"],
    upstream_node: ["upstream", "node"],
    upstream_class: ["upstream", "class"],
    node: ["node"],
    sink: ["sink"],
};

/** What Prometheus itself has. */
const OF_PROMETHEUS: Record<string, string[]> = {
    up: [],
    ALERTS: ["alertname", "alertstate", "severity"],
};
const OF_TARGETS = ["job", "instance"];

const FOLDER = path.join(CHECKOUT, "nginx/observability");
const RULE_FILES = ["recording.rules.yml", "alerts.rules.yml"].map((name) => path.join(FOLDER, name));
const TEST_FILES = readdirSync(path.join(CHECKOUT, "spec/observability")).map((name) =>
    path.join(CHECKOUT, "spec/observability", name),
);

interface Panel {
    id: number;
    type: string;
    title: string;
    description?: string;
    datasource?: { uid: string };
    gridPos: { x: number; y: number; w: number; h: number };
    targets?: { refId: string; expr: string; datasource: { uid: string } }[];
    fieldConfig?: { defaults: { unit?: string } };
    options?: { yAxis?: { unit?: string } };
}

interface Dashboard {
    uid: string;
    panels: Panel[];
    templating: { list: { name: string; type: string; query: string | { query: string } }[] };
    annotations: { list: { expr?: string }[] };
}

const DASHBOARD = JSON.parse(readFileSync(path.join(FOLDER, "grafana-dashboard.json"), "utf8")) as Dashboard;

interface Expression {
    of: string;
    text: string;
}

/** A dashboard's expression as Prometheus gets it. */
function withoutVariables(text: string): string {
    return text
        .replaceAll("$__rate_interval", "5m")
        .replaceAll("$__range", "1h")
        .replaceAll(/"\$[a-z]+"/g, '".*"');
}

const DASHBOARD_EXPRESSIONS: Expression[] = [
    ...DASHBOARD.panels.flatMap((panel) =>
        (panel.targets ?? []).map(({ refId, expr }) => ({ of: `${panel.title} (${refId})`, text: expr })),
    ),
    ...DASHBOARD.annotations.list.flatMap(({ expr }) => (expr === undefined ? [] : [{ of: "annotation", text: expr }])),
];

/** What `label_values(SERIES, LABEL)` of the dashboard's variables asks for. */
const VARIABLE_QUERIES = DASHBOARD.templating.list.flatMap(({ name, query }) => {
    if (typeof query === "string") return [];
    const [, series = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(query.query) ?? [];
    return [{ of: `variable ${name}`, text: `count by (${label}) (${series})` }];
});

/** What promtool has to say, and whether it is content. Rejects without promtool: Debian's package prometheus. */
function promtool(...args: string[]): Promise<{ ok: boolean; output: string }> {
    return new Promise((resolve, reject) => {
        execFile("promtool", args, { cwd: CHECKOUT }, (error, stdout, stderr) => {
            if (error !== null && typeof error.code !== "number") reject(error);
            else resolve({ ok: error === null, output: stdout + stderr });
        });
    });
}

/** A file with this text, for as long as `use` runs. */
async function withFile<T>(name: string, text: string, use: (file: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(path.join(tmpdir(), "openclaw-rules-"));
    try {
        await writeFile(path.join(folder, name), text);
        return await use(path.join(folder, name));
    } finally {
        await rm(folder, { recursive: true });
    }
}

/** The expressions as a file of rules; JSON is YAML. */
function asRules(expressions: Expression[]): string {
    const rules = expressions.map(({ text }, index) => ({
        record: `expression_${index}`,
        expr: withoutVariables(text),
    }));
    return JSON.stringify({ groups: [{ name: "expressions", rules }] });
}

interface Rule {
    type: "alerting" | "recording";
    name: string;
    query: string;
    duration?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    health: string;
    lastError?: string;
}

interface Series {
    metric: Record<string, string>;
    value: [number, string];
}

/** A Prometheus that scrapes one gateway each half second, by the example configuration. */
class Prometheus {
    private constructor(
        private readonly folder: string,
        private readonly port: number,
        private readonly child: ReturnType<typeof spawn>,
    ) {}

    static async start(target: string): Promise<Prometheus> {
        const folder = await mkdtemp(path.join(tmpdir(), "openclaw-prometheus-"));
        const port = await freePort();
        const config = readFileSync(path.join(FOLDER, "prometheus.yml"), "utf8")
            .replaceAll("interval: 15s", "interval: 500ms")
            .replace("127.0.0.1:8080", target)
            .replace(/^( +- )(?=\w+\.rules\.yml$)/gm, `$1${FOLDER}/`);
        await writeFile(path.join(folder, "prometheus.yml"), config);
        const child = spawn(
            "prometheus",
            [
                `--config.file=${folder}/prometheus.yml`,
                `--storage.tsdb.path=${folder}/data`,
                `--web.listen-address=127.0.0.1:${port}`,
            ],
            { stdio: ["ignore", "ignore", "pipe"] },
        );
        const log: string[] = [];
        child.stderr?.on("data", (chunk) => log.push(String(chunk)));
        let failure: unknown;
        child.on("error", (error) => (failure = error));
        const started = new Prometheus(folder, port, child);
        try {
            await eventually("Prometheus has read the page", async () => {
                if (failure !== undefined || child.exitCode !== null) return true;
                return (await started.query("up == 1")).length === 1;
            });
            if (failure !== undefined || child.exitCode !== null)
                throw new Error("it does not run", { cause: failure });
        } catch (error) {
            await started.stop();
            throw new Error(`Prometheus does not start:\n${log.join("")}`, { cause: error });
        }
        return started;
    }

    private async get<T>(pathAndQuery: string): Promise<T> {
        const answer = await fetch(`http://127.0.0.1:${this.port}/api/v1/${pathAndQuery}`);
        const { status, data, error } = (await answer.json()) as { status: string; data: T; error?: string };
        if (status !== "success") throw new Error(error);
        return data;
    }

    async query(expression: string): Promise<Series[]> {
        return (await this.get<{ result: Series[] }>(`query?query=${encodeURIComponent(expression)}`)).result;
    }

    async rules(): Promise<Rule[]> {
        return (await this.get<{ groups: { rules: Rule[] }[] }>("rules")).groups.flatMap(({ rules }) => rules);
    }

    async stop(): Promise<void> {
        if (this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null) {
            const gone = new Promise((resolve) => this.child.once("exit", resolve));
            this.child.kill("SIGTERM");
            await gone;
        }
        await rm(this.folder, { recursive: true, force: true });
    }
}

const CHAT_ANSWER = `{"object":"chat.completion","model":"m1","choices":[{"index":0,"message":{"role":"assistant",\
"content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,\
"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":1}}}`;

/** A gateway with all plugins on, and a node that answers as a model does. It keeps jobs and entries below `folder`. */
async function startGateway(folder: string): Promise<NativeNginx> {
    const [node, dead, dns, through] = [await freePort(), await freePort(), await freePort(), await freePort()];
    return NativeNginx.start({
        main: "thread_pool default threads=2;",
        http: `
            include openclaw.conf;
            proxy_cache_path cache keys_zone=answers:1m;
            init_by_lua_block {
                -- As the plugin image does.
                local pictures = { name = "pictures", meaning = "the picture", order = { access = 490 }, schema = {}, create = function()
                    local near_picture = require("resty.openclaw.core.request.near_picture")
                    return { access = function()
                        if ngx.var.http_x_hash then near_picture.note(ngx.var.http_x_hash, 4, 60) end
                    end }
                end }
                require("resty.openclaw").setup {
                    plugins = { require("resty.openclaw.plugin").define(pictures) },
                    upstreams = {
                        cluster = {
                            nodes = { "127.0.0.1:${node}", "127.0.0.1:${dead}" },
                            fallback = "light",
                            health_check = { uri = "/health", interval = 0.5 },
                            queue = { at_least = 100 },
                        },
                        light = { nodes = { "127.0.0.1:${node}" } },
                        away = { nodes = { "127.0.0.1:${dead}" } },
                        named = {
                            nodes = { "nodes.example.org:8000" },
                            dns = { servers = { "127.0.0.1:${dns}" }, timeout = 0.2, attempts = 1 },
                        },
                    },
                    routes = {
                        chat = { upstream = "cluster", body_digest = {}, pictures = {}, cache = { store = "redis", redis = { port = ${dead} } }, inference = { include_usage = true } },
                        image = { upstream = "cluster", checks = { content_types = { "image/jpeg" } }, body_digest = { max_bytes = 100 } },
                        converted = { upstream = "light", image = {} },
                        secret = { upstream = "light", identity = { accept = "mutual_tls" } },
                        guarded = {
                            upstream = "light",
                            auth = {
                                jwt = { jwks_file = ngx.config.prefix() .. "keys.json", issuer = false, audience = false },
                                counted_tenants = { "acme" },
                            },
                            limit = { { rate = 1000, burst = 1000 }, { tokens = 100000, per = "minute" } },
                            inference = {},
                        },
                        kept = {
                            upstream = "away",
                            deadline = {},
                            edge = { store = "${folder}/jobs", through = "http://127.0.0.1:${through}" },
                        },
                    },
                    log = {
                        sinks = { { type = "file", path = ngx.config.prefix() .. "run/log.ndjson" } },
                        slow_seconds = 0.005,
                        durable = true,
                        spool = "${folder}/spool",
                    },
                    cache = { purges = "${folder}/purges" },
                    metrics = { max_series = 230 },
                }
            }
            upstream cluster {
                server 0.0.0.1;
                balancer_by_lua_block { require("resty.openclaw").balance() }
            }
            ${balancedUpstream("away")}
            ${balancedUpstream("nowhere")}
            server {
                listen 127.0.0.1:${node};
                default_type application/json;
                log_by_lua_block { }
                location / { return 200 '${CHAT_ANSWER}'; }
                location = /text { default_type text/plain; return 200 'text'; }
                location = /stream {
                    default_type text/event-stream;
                    content_by_lua_block {
                        ngx.say('data: {"object":"chat.completion.chunk","model":"m1","choices":[{"index":0,"delta":{"content":"Hel"}}]}\\n')
                        ngx.flush(true)
                        ngx.sleep(0.01)
                        ngx.say('data: {"object":"chat.completion.chunk","model":"m1","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}\\n')
                        ngx.say('data: {"object":"chat.completion.chunk","model":"m1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}\\n')
                        ngx.say('data: [DONE]\\n')
                    }
                }
            }`,
        server: `
            listen 127.0.0.1:${through};
            include errors.conf;
            include edge.conf;
            include admin.conf;
            include proxy.conf;
            location /chat/ {
                set $openclaw_route chat;
                set $openclaw_variant $arg_variant;
                include route.conf;
                include retry_post.conf;
                body_filter_by_lua_block { require("resty.openclaw").body_filter() }
                proxy_pass http://cluster/;
            }
            location = /cached {
                set $openclaw_route chat;
                include route.conf;
                include cache.conf;
                proxy_cache answers;
                proxy_pass http://cluster;
            }
            location = /image {
                set $openclaw_route image;
                include route.conf;
                proxy_pass http://cluster;
            }
            location = /converted {
                set $openclaw_route converted;
                include route.conf;
                proxy_pass http://cluster;
            }
            location = /secret {
                set $openclaw_route secret;
                include route.conf;
                proxy_pass http://cluster;
            }
            location = /kept {
                set $openclaw_route kept;
                include route.conf;
                include edge_route.conf;
                proxy_pass http://away;
            }
            location = /nowhere { proxy_pass http://nowhere; }
            location = /misuse {
                content_by_lua_block {
                    local metric = require "nginx.metric"
                    metric.set("not a name", 1)
                    for index = 1, 250 do metric.inc("openclaw_many_total", 1, { index = index }) end
                    ngx.say("done")
                }
            }
            location = /metrics/openclaw { content_by_lua_block { require("resty.openclaw").metrics_page() } }`,
        files: {
            "keys.json": JSON.stringify({
                keys: [generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" })],
            }),
        },
    });
}

/** Asks for all that has figures of its own. */
async function useAll(gateway: NativeNginx): Promise<void> {
    const post = async (pathAndQuery: string, body: string | Buffer, headers = {}): Promise<void> => {
        const answer = await fetch(gateway.url(pathAndQuery), {
            method: "POST",
            body: typeof body === "string" ? body : new Uint8Array(body),
            headers: { Connection: "close", ...headers },
        });
        await answer.arrayBuffer();
    };
    for (const body of ["one", "two"]) {
        for (const place of ["/chat/answer", "/chat/answer?variant=v2", "/chat/stream", "/chat/text", "/cached"]) {
            await post(place, `{"prompt":"${body}"}`);
        }
    }
    let pictures = 0;
    await eventually("a picture is answered as one near it", async () => {
        pictures += 1;
        const headers = { Connection: "close", "Content-Type": "image/jpeg", "X-Hash": "96cbe9307415cd66" };
        const answer = await fetch(gateway.url("/cached"), { method: "POST", body: `picture ${pictures}`, headers });
        await answer.arrayBuffer();
        return answer.headers.get("X-Cache-Status") === "NEAR";
    });
    await post("/image", "no image");
    await post("/image", Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(2000)]));
    await post("/converted", "no image");
    await post("/secret", "");
    await post("/kept", "");
    await post("/kept", "", { "X-OpenClaw-Deadline": "1;sent=2" });
    await post("/kept", "", { "X-OpenClaw-Deadline": "tomorrow" });
    // A method of which no job is made.
    await (await fetch(gateway.url("/kept"))).arrayBuffer();
    await post("/nowhere", "");
    await post("/misuse", "");
    await (await fetch(gateway.url("/openclaw/upstreams"))).arrayBuffer();
}

/** Whether a text stands in the compiled code. */
function hasInCode(text: string): boolean {
    const folder = path.join(CHECKOUT, "lua-out");
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".lua"));
    return files.some((name) => readFileSync(path.join(folder, name), "utf8").includes(text));
}

/** The label names of each metric on a page. */
function readPage(text: string): Map<string, Set<string>> {
    const labels = new Map<string, Set<string>>();
    for (const [, name = ""] of text.matchAll(/^# TYPE (\S+) /gm)) labels.set(name, new Set());
    for (const [, sample = "", list = ""] of text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? /gm)) {
        const metric = labels.get(sample) ?? labels.get(sample.replace(/_(bucket|sum|count)$/, ""));
        for (const [, label = ""] of list.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) metric?.add(label);
    }
    for (const [name, late] of Object.entries(TOO_LATE)) {
        if (hasInCode(`"${name}"`)) labels.set(name, new Set(late));
    }
    return labels;
}

let folder: string | undefined;
let gateway: NativeNginx | undefined;
let prometheus: Prometheus | undefined;
let rules: Rule[] = [];
let page = new Map<string, Set<string>>();

beforeAll(async () => {
    folder = await makePrefix();
    // Workers write there, whoever they run as.
    await chmod(folder, 0o777);
    gateway = await startGateway(folder);
    await useAll(gateway);
    prometheus = await Prometheus.start(`127.0.0.1:${gateway.port}`);
    rules = await prometheus.rules();
    page = readPage(await gateway.get("/metrics/openclaw"));
});

afterAll(async () => {
    await prometheus?.stop();
    await gateway?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** What an expression asks for and the gateway does not have: metrics, and labels as `metric{label}`. */
function lacking({ text }: Expression): string[] {
    const found: string[] = [];
    const present = new Set(OF_TARGETS);
    const { selectors, groupings } = readPromql(text);
    const labelsOf = (name: string): Iterable<string> | undefined => {
        if (OF_PROMETHEUS[name] !== undefined) return OF_PROMETHEUS[name];
        if (!name.includes(":")) return page.get(name) ?? page.get(name.replace(/_(bucket|sum|count)$/, ""));
        const isBucket = name.includes("_bucket:");
        const isKnown = LIMITS.includes(name) || rules.some((rule) => rule.name === name);
        return isKnown ? [...(LEVELS[name.split(":")[0] ?? ""] ?? []), ...(isBucket ? ["le"] : [])] : undefined;
    };
    const metrics: string[] = [];
    for (const { name, labels } of selectors) {
        const metric = name.includes(":") ? name : name.replace(/_(bucket|sum|count)$/, "");
        const known = labelsOf(name);
        if (known === undefined) {
            found.push(metric);
            continue;
        }
        metrics.push(metric);
        for (const label of known) present.add(label);
        const own = new Set([...known, ...OF_TARGETS]);
        found.push(...labels.filter((label) => !own.has(label)).map((label) => `${metric}{${label}}`));
    }
    if (metrics.length === selectors.length) {
        const missing = groupings.filter((label) => !present.has(label));
        found.push(...missing.map((label) => `${metrics[0]}{${label}}`));
    }
    return [...new Set(found)];
}

function ruleExpressions(): Expression[] {
    return rules.map(({ name, query }) => ({ of: name, text: query }));
}

function allExpressions(): Expression[] {
    return [...ruleExpressions(), ...DASHBOARD_EXPRESSIONS, ...VARIABLE_QUERIES];
}

describe("rules", () => {
    test("are what promtool takes", async () => {
        const { ok, output } = await promtool("check", "rules", ...RULE_FILES);
        expect(ok, output).toBe(true);
        expect(output).not.toMatch(/duplicate/i);
    });

    test("do what their tests say", async () => {
        const { ok, output } = await promtool("test", "rules", ...TEST_FILES);
        expect(ok, output).toBe(true);
        expect(output.match(/SUCCESS/g)?.length).toBe(TEST_FILES.length);
    }, 180_000);

    test("have tests: alerts that fire and do not, records that are as expected", () => {
        const tests = TEST_FILES.map((file) => readFileSync(file, "utf8")).join("\n");
        const fired = new Set([...tests.matchAll(/alertname: (\w+)\n\s+exp_alerts:\n/g)].map(([, name]) => name));
        const quiet = new Set([...tests.matchAll(/alertname: (\w+)\n\s+exp_alerts: \[\]\n/g)].map(([, name]) => name));
        const alerts = rules.filter(({ type }) => type === "alerting").map(({ name }) => name);
        expect(alerts.length).toBeGreaterThan(0);
        expect(alerts.filter((name) => !fired.has(name) || !quiet.has(name))).toEqual([]);
        const expressions = [...tests.matchAll(/expr: "?(.*)/g)].map(([, expression]) => expression).join("\n");
        const records = rules.filter(({ type, name }) => type === "recording" && !name.includes("_bucket:"));
        // Numerators and denominators of shares are seen in the shares.
        const parts = [...records.map(({ query }) => query)].join("\n");
        const untested = records.map(({ name }) => name).filter((name) => !expressions.includes(name));
        expect(untested.filter((name) => !parts.includes(name))).toEqual([]);
    });

    test("wait before they fire, and say how grave it is and what to do", () => {
        for (const rule of rules.filter(({ type }) => type === "alerting")) {
            expect(rule.duration, rule.name).toBeGreaterThanOrEqual(60);
            expect(["warning", "critical"], rule.name).toContain(rule.labels?.severity);
            for (const name of ["summary", "description", "runbook"]) {
                expect(rule.annotations?.[name]?.length, `${rule.name}: ${name}`).toBeGreaterThan(10);
            }
            const labels = [...JSON.stringify(rule.annotations).matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label);
            expect(labels.length, rule.name).toBeGreaterThan(0);
        }
    });

    test("are named level:metric:operation", () => {
        for (const { name } of rules.filter(({ type }) => type === "recording")) {
            expect(name).toMatch(/^[a-z_]+:openclaw_[a-z_]+:[a-z0-9_]+$/);
            expect(Object.keys(LEVELS), name).toContain(name.split(":")[0]);
        }
    });
});

describe("against the gateway with all plugins on", () => {
    test("every metric and label that is named is there", () => {
        const problems = allExpressions().flatMap((expression) =>
            lacking(expression).map((name) => `${expression.of}: ${name}`),
        );
        expect(problems).toEqual([]);
    });

    test("wrong names and labels are found", () => {
        const find = (text: string): string[] => lacking({ of: "", text });
        expect(find("rate(openclaw_nothing_total[5m])")).toEqual(["openclaw_nothing_total"]);
        expect(find('sum(rate(openclaw_requests_total{rout="a"}[5m]))')).toEqual(["openclaw_requests_total{rout}"]);
        expect(find("sum by (node) (openclaw_requests_total)")).toEqual(["openclaw_requests_total{node}"]);
        expect(find("route:openclaw_requests:rate6m > 1")).toEqual(["route:openclaw_requests:rate6m"]);
        expect(find("max by (node) (route:openclaw_requests:rate5m)")).toEqual([
            "route:openclaw_requests:rate5m{node}",
        ]);
        expect(find("sum by (le, route) (openclaw_request_duration_seconds_bucket)")).toEqual([]);
        expect(find('up{job="openclaw_x"} == 0 or absent(up{instance=~"openclaw.*"})')).toEqual([]);
    });

    test("Prometheus evaluates all rules without an error", async () => {
        await eventually("all have been evaluated", async () => {
            rules = (await prometheus?.rules()) ?? [];
            return rules.length > 0 && rules.every(({ health }) => health !== "unknown");
        });
        const errors = rules
            .filter(({ health }) => health !== "ok")
            .map(({ name, lastError }) => `${name}: ${lastError}`);
        expect(errors).toEqual([]);
    });

    test("what is recorded has values, with the labels of its level", async () => {
        const wanted = rules.filter(({ type }) => type === "recording").map(({ name }) => name);
        expect(wanted.length).toBeGreaterThan(0);
        let missing = wanted;
        await eventually(
            "all are recorded",
            async () => {
                if (gateway !== undefined) await useAll(gateway);
                const series = (await prometheus?.query('{__name__=~".+:.+"}')) ?? [];
                const names = new Set(series.map(({ metric }) => metric.__name__));
                missing = wanted.filter((name) => !names.has(name));
                return missing.length === 0;
            },
            60_000,
        ).catch(() => undefined);
        expect(missing).toEqual([]);
        for (const { metric } of (await prometheus?.query('{__name__=~".+:.+"}')) ?? []) {
            const { __name__: name = "", ...labels } = metric;
            const known = [
                "job",
                ...(LEVELS[name.split(":")[0] ?? ""] ?? []),
                ...(name.includes("_bucket:") ? ["le"] : []),
            ];
            expect(known, name).toEqual(expect.arrayContaining(Object.keys(labels)));
        }
    });

    test("Prometheus takes every expression of the dashboard", async () => {
        const problems: string[] = [];
        for (const { of, text } of [...DASHBOARD_EXPRESSIONS, ...VARIABLE_QUERIES]) {
            await prometheus?.query(withoutVariables(text)).catch((error: unknown) => problems.push(`${of}: ${error}`));
        }
        expect(problems).toEqual([]);
    });
});

describe("the dashboard", () => {
    const panels = DASHBOARD.panels;

    test("has expressions that promtool takes", async () => {
        const expressions = [...DASHBOARD_EXPRESSIONS, ...VARIABLE_QUERIES];
        const { ok, output } = await withFile("rules.yml", asRules(expressions), (file) =>
            promtool("check", "rules", file),
        );
        expect(ok, output).toBe(true);
        const wrong = asRules([{ of: "wrong", text: "sum(rate(up[5m])" }]);
        expect((await withFile("rules.yml", wrong, (file) => promtool("check", "rules", file))).ok).toBe(false);
    });

    test("has panels with ids of their own that do not overlap", () => {
        expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
        expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
        const taken = new Map<string, string>();
        for (const { title, gridPos } of panels) {
            expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
            for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
                for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
                    expect(taken.get(`${x} ${y}`), `${title} at ${x}, ${y}`).toBeUndefined();
                    taken.set(`${x} ${y}`, title);
                }
            }
        }
    });

    test("has panels that Grafana has by itself, described and with units", () => {
        const types = ["timeseries", "stat", "table", "heatmap", "state-timeline"];
        for (const panel of panels.filter(({ type }) => type !== "row")) {
            expect(types, panel.title).toContain(panel.type);
            expect(panel.description?.length, panel.title).toBeGreaterThan(10);
            expect(panel.fieldConfig?.defaults.unit ?? panel.options?.yAxis?.unit, panel.title).toBeTruthy();
            expect(panel.datasource?.uid, panel.title).toBe("${datasource}");
            const refs = (panel.targets ?? []).map(({ refId }) => refId);
            expect(refs.length, panel.title).toBeGreaterThan(0);
            expect(new Set(refs).size, panel.title).toBe(refs.length);
            for (const { datasource } of panel.targets ?? []) expect(datasource.uid, panel.title).toBe("${datasource}");
        }
    });

    test("uses variables that it has, and has none that it does not use", () => {
        const names = DASHBOARD.templating.list.map(({ name }) => name);
        expect(names).toEqual(expect.arrayContaining(["datasource", "route", "variant", "upstream"]));
        const texts = [...DASHBOARD_EXPRESSIONS, ...VARIABLE_QUERIES].map(({ text }) => text).join("\n");
        const used = [...texts.matchAll(/\$(?!__)(\w+)/g)].map(([, name]) => name);
        expect(new Set(["datasource", ...used])).toEqual(new Set(names));
    });
});

describe("documents", () => {
    const text = readFileSync(path.join(CHECKOUT, "docs/observability.md"), "utf8");
    const firstColumn = (document: string): string[] =>
        [...document.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = ""]) =>
            [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
        );

    test("name every alert and every record, and no others", () => {
        const named = firstColumn(text).filter((name) => /^OpenClaw|:/.test(name));
        const names = rules.map(({ name }) => name).filter((name) => !/_bucket:/.test(name));
        expect([...named].sort()).toEqual([...names, ...LIMITS].sort());
    });

    test("have snippets that Prometheus takes", async () => {
        const snippets = readSnippets(path.join(CHECKOUT, "docs/observability.md")).filter(
            ({ language }) => language === "yaml",
        );
        expect(snippets.length).toBeGreaterThan(0);
        for (const { line, text: snippet } of snippets) {
            const kind = /^groups:/m.test(snippet) ? "rules" : "config";
            const installed = snippet.replaceAll("/opt/openclaw", CHECKOUT);
            const { ok, output } = await withFile("snippet.yml", installed, (file) => promtool("check", kind, file));
            expect(ok, `line ${line}: ${output}`).toBe(true);
        }
        const { ok, output } = await promtool("check", "config", path.join(FOLDER, "prometheus.yml"));
        expect(ok, output).toBe(true);
    });

    test("name no metric that no rule and no panel has, but for those left out", () => {
        const documents = readdirSync(path.join(CHECKOUT, "docs")).filter((name) => name.endsWith(".md"));
        const named = documents
            .flatMap((name) => firstColumn(readFileSync(path.join(CHECKOUT, "docs", name), "utf8")))
            .filter((name) => /^openclaw_[a-z_]+$/.test(name));
        const shown = new Set(
            allExpressions().flatMap(({ text: expression }) =>
                readPromql(expression).selectors.map(({ name }) => name.replace(/_(bucket|sum|count)$/, "")),
            ),
        );
        expect([...new Set(named)].filter((name) => !shown.has(name)).sort()).toEqual([...LEFT_OUT].sort());
    });
});
