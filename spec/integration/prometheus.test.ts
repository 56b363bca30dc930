import type { StartedTestContainer } from "testcontainers";
import { GenericContainer, Wait } from "testcontainers";
import { afterAll, beforeAll, expect, onTestFailed, test } from "vitest";
import { eventually } from "./support/eventually";
import type { StartedGatewayContainer } from "./support/gateway_container";
import { buildImage, buildSpecsImage, GatewayContainer, LABELS, TRIXIE } from "./support/gateway_container";
import { TEMPORARY_PATHS } from "./support/native_nginx";
import { inParallel } from "./support/scenario";

const PROMETHEUS_PORT = 9090;
const WORKERS = 2;

/** The gateway with a node, a log receiver and the page; it counts by itself in which form the page was sent. */
const GATEWAY = `
worker_processes ${WORKERS};
pid run/nginx.pid;
error_log stderr notice;
events { worker_connections 512; }
http {
    access_log off;
    ${TEMPORARY_PATHS}
    lua_package_path "$prefix/lua-out/?.lua;;";
    include ../nginx/openclaw.conf;
    init_by_lua_block {
        require("resty.openclaw").setup {
            upstreams = { cluster = { nodes = { "127.0.0.1:8000" } } },
            routes = { work = { upstream = "cluster", body_digest = {} } },
            log = { sinks = { { type = "http", url = "http://127.0.0.1:8000/log" } } },
        }
    }
    upstream cluster { server 0.0.0.1; balancer_by_lua_block { require("resty.openclaw").balance() } keepalive 8; }
    server {
        listen 8080 reuseport;
        include ../nginx/errors.conf;
        include ../nginx/admin.conf;
        include ../nginx/metrics.conf;
        location = / { return 204; }
        location /work {
            include ../nginx/proxy.conf;
            set $openclaw_route work;
            include ../nginx/route.conf;
            proxy_pass http://cluster;
        }
        log_by_lua_block {
            require("resty.openclaw").log()
            if ngx.var.uri == "/metrics/openclaw" then
                local encoding, type = ngx.var.sent_http_content_encoding, ngx.var.sent_http_content_type
                require("nginx.metric").inc("test_scrapes_total", 1, { encoding = encoding or "", type = type })
            end
        }
    }
    server {
        listen 127.0.0.1:8000;
        location / { return 200 ok; }
        location = /log { content_by_lua_block { ngx.req.read_body() ngx.exit(204) } }
    }
}
`;

/** One job scrapes as Prometheus does by itself, the other is told to ask for the older text. */
const PROMETHEUS = `
global: { scrape_interval: 200ms, scrape_timeout: 200ms }
scrape_configs:
    - job_name: openclaw
      metrics_path: /metrics/openclaw
      static_configs: [{ targets: ["127.0.0.1:8080"] }]
    - job_name: text
      metrics_path: /metrics/openclaw
      scrape_protocols: [PrometheusText0.0.4]
      static_configs: [{ targets: ["127.0.0.1:8080"] }]
`;

let gateway: StartedGatewayContainer;
let prometheus: StartedTestContainer;
const log: string[] = [];
let sent = 0;

beforeAll(async () => {
    gateway = await new GatewayContainer(await buildImage())
        .withExposedPorts(PROMETHEUS_PORT)
        .withConfig(GATEWAY)
        .start();
    // In the gateway's network, so that the page lets it in as a Prometheus on the same machine.
    prometheus = await new GenericContainer(await buildSpecsImage(TRIXIE))
        .withLabels(LABELS)
        .withNetworkMode(`container:${gateway.getId()}`)
        .withCopyContentToContainer([{ content: PROMETHEUS, target: "/tmp/prometheus.yml" }])
        .withCommand(["prometheus", "--config.file=/tmp/prometheus.yml", "--storage.tsdb.path=/tmp/data"])
        .withLogConsumer((stream) => stream.on("data", (line) => log.push(String(line))))
        .withWaitStrategy(Wait.forLogMessage(/Server is ready to receive web requests/))
        .start();
}, 300_000);

afterAll(async () => {
    await prometheus?.stop();
    await gateway?.stop();
});

function showLogsWhenTestFails(): void {
    onTestFailed(() => console.error(`the gateway's log:\n${gateway.log()}\nPrometheus' log:\n${log.join("")}`));
}

async function askPrometheus<T>(path: string): Promise<T> {
    const url = `http://${gateway.getHost()}:${gateway.getMappedPort(PROMETHEUS_PORT)}${path}`;
    const answer = (await (await fetch(url)).json()) as { status: string; error?: string; data: T };
    if (answer.status !== "success") throw new Error(`${path}: ${answer.error}`);
    return answer.data;
}

/** What an expression without labels in its result comes to; nothing while it comes to nothing. */
async function value(expression: string): Promise<number | undefined> {
    const query = `/api/v1/query?query=${encodeURIComponent(expression)}`;
    const { result } = await askPrometheus<{ result: { value: [number, string] }[] }>(query);
    expect(result.length, expression).toBeLessThanOrEqual(1);
    return result[0] === undefined ? undefined : Number(result[0].value[1]);
}

async function becomes(expression: string, wanted: number): Promise<void> {
    let last: number | undefined;
    const isSo = async () => (last = await value(expression)) === wanted;
    await eventually(`${expression} is ${wanted}`, isSo).catch((error: unknown) => {
        throw new Error(`${expression} is ${last}, not ${wanted}`, { cause: error });
    });
}

async function sendRequests(count: number): Promise<void> {
    await inParallel(count, 8, async () => {
        const answer = await fetch(gateway.url("/work"), {
            method: "POST",
            body: "x",
            headers: { connection: "close" },
        });
        expect(await answer.text()).toBe("ok");
    });
    sent += count;
}

async function shell(script: string): Promise<string> {
    const { stdout, output, exitCode } = await gateway.exec(["sh", "-c", script]);
    if (exitCode !== 0) throw new Error(`${script}: ${output}`);
    return stdout;
}

async function workers(): Promise<string[]> {
    const pids = await shell(`for file in /proc/[0-9]*/cmdline; do
        [ "$(tr -d '\\0' <$file)" != "nginx: worker process" ] || echo "$file" | cut -d/ -f3
    done 2>/dev/null`);
    return pids.trim().split("\n");
}

/** Waits until all workers take requests, and none of these is among them. */
async function workersWithout(old: string[]): Promise<void> {
    await eventually("new workers take requests", async () => {
        const pids = await workers();
        return pids.length === WORKERS && pids.every((pid) => !old.includes(pid));
    });
}

const ALL = 'sum(openclaw_requests_total{job="openclaw",route="work"})';

test("a real Prometheus has all that was counted", async () => {
    showLogsWhenTestFails();
    await becomes('up{job="openclaw"}', 1);
    await becomes('up{job="text"}', 1);
    await becomes(ALL, 0);
    await sendRequests(200);
    await becomes(ALL, sent);
    await becomes('sum(openclaw_requests_total{job="text",route="work"})', sent);
    await becomes('sum(openclaw_request_duration_seconds_bucket{job="openclaw",route="work",le="+Inf"})', sent);
    await becomes('sum(openclaw_upstream_tries_total{job="openclaw"})', sent);
    const rates = 'sum by (le) (rate(openclaw_request_duration_seconds_bucket{job="openclaw"}[1m]))';
    const quantile = await value(`histogram_quantile(0.9, ${rates})`);
    expect(quantile).toBeGreaterThan(0);
    expect(quantile).toBeLessThan(10);
});

test("it asks for OpenMetrics, compressed, and gets both", async () => {
    showLogsWhenTestFails();
    const scrapes = (type: string) => `sum(test_scrapes_total{job="openclaw",encoding="gzip",type="${type}"}) > bool 3`;
    await becomes(scrapes("application/openmetrics-text; version=1.0.0; charset=utf-8"), 1);
    await becomes(scrapes("text/plain; version=0.0.4; charset=utf-8"), 1);
    expect(await value('sum(test_scrapes_total{job="openclaw",encoding!="gzip"})')).toBeUndefined();
    interface About {
        type: string;
        help: string;
        unit: string;
    }
    const about = await askPrometheus<Record<string, About[]>>("/api/v1/metadata");
    // OpenMetrics' names for counters have no `_total`.
    expect(about.openclaw_requests?.[0]).toMatchObject({ type: "counter", help: expect.stringContaining("status") });
    expect(about.openclaw_requests_total?.[0]).toMatchObject({ type: "counter" });
    const units = (about.openclaw_request_duration_seconds ?? []).map(({ type, unit }) => `${type} ${unit}`);
    expect(units).toContain("histogram seconds");
});

test("nothing that counts goes down when nginx reloads or a worker is killed", async () => {
    showLogsWhenTestFails();
    const [first = "", ...others] = await workers();
    await shell("kill -HUP 1");
    await workersWithout([first, ...others]);
    await sendRequests(100);
    await becomes(ALL, sent);
    const [victim = ""] = await workers();
    await shell(`kill -KILL ${victim}`);
    await workersWithout([victim]);
    await sendRequests(100);
    await becomes(ALL, sent);
    const names = await askPrometheus<string[]>("/api/v1/label/__name__/values");
    const counting = names.filter((name) => /^openclaw_.*_(total|bucket|count|sum)$/.test(name));
    expect(counting.length).toBeGreaterThan(15);
    for (const name of counting) expect(await value(`max(resets(${name}[10m]))`), name).toBe(0);
});

test("it takes every sample of the page", async () => {
    showLogsWhenTestFails();
    await becomes("max(scrape_samples_scraped - scrape_samples_post_metric_relabeling)", 0);
    expect(await value('scrape_samples_scraped{job="openclaw"}')).toBeGreaterThan(50);
    await becomes("max(scrape_samples_scraped) - min(scrape_samples_scraped)", 0);
    const url = `http://${gateway.getHost()}:${gateway.getMappedPort(PROMETHEUS_PORT)}/metrics`;
    const own = await (await fetch(url)).text();
    const rejected = own.match(/^prometheus_target_scrapes_(sample_|exceeded_).*$/gm) ?? [];
    expect(rejected.length).toBeGreaterThan(3);
    expect(rejected.filter((line) => !line.endsWith(" 0"))).toEqual([]);
    expect(log.join("").match(/^.*level=(warn|error|WARN|ERROR).*$/gm) ?? []).toEqual([]);
});
