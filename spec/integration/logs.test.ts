import { readFile, rename } from "node:fs/promises";
import { connect } from "node:net";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { eventually } from "./support/eventually";
import type { StartedGatewayContainer } from "./support/gateway_container";
import type { StartedNode } from "./support/inference_nodes";
import { behave, startObedientNodes } from "./support/inference_nodes";
import { lineOf, linesOf, startLoggingGateway } from "./support/logging_gateway";
import type { NativeNginx } from "./support/native_nginx";
import { startNodeProcesses } from "./support/node_process";
import { ask, inParallel, nodesInstead, parseMetrics, readMetrics, startScenario } from "./support/scenario";

interface Try {
    node: string;
    status: number | null;
    connect_seconds: number | null;
    header_seconds: number | null;
    response_seconds: number | null;
}

interface SlowLine {
    time: number;
    request_id: string;
    trace_id: string;
    route: string;
    variant: string | null;
    method: string;
    uri: string;
    status: number;
    request_seconds: number;
    queue_seconds: number | null;
    first_byte_seconds: number | null;
    node: string | null;
    tries: Try[];
    left_out?: number;
}

/** The form of `openclaw_log`. Times and bytes of several tries are lists. */
const LIST = "(?:-|[-0-9.]+(?:(?:, | : )[-0-9.]+)*)";
const ACCESS_LINE = new RegExp(
    `^(\\S+) - (\\d+\\.\\d{3}) - ${LIST} - ${LIST} - "(.*)" (\\d{3}) ([\\w./:+=@-]{1,128}) ([0-9a-f]{32})$`,
);

describe("the scenario slow-log", () => {
    function start(nodes: StartedNode[]): Promise<StartedGatewayContainer> {
        return startScenario("slow-log", { ...nodesInstead(nodes), "slow_seconds = 5": "slow_seconds = 0.3" });
    }

    async function readLines(gateway: StartedGatewayContainer, file: string): Promise<string[]> {
        const { stdout } = await gateway.exec(["cat", `run/${file}`]);
        return stdout.split("\n").filter((line) => line !== "");
    }

    /** The lines of the slow log once there are so many. */
    function slowLines(gateway: StartedGatewayContainer, count: number): Promise<SlowLine[]> {
        return eventually(`the slow log has ${count} lines`, async () => {
            const lines = await readLines(gateway, "slow.log");
            return lines.length === count && lines.map((line) => JSON.parse(line) as SlowLine);
        });
    }

    test("says what took long, at which node, and nothing else", async () => {
        await using nodes = await startObedientNodes(0, 0);
        await using gateway = await start(nodes);
        await ask(gateway.url("/quick"));
        for (const node of nodes) await behave(node, { delay: 0.5 });
        const answer = await ask(gateway.url("/slow?key=secret"), { method: "POST", body: "x" });
        const [line] = await slowLines(gateway, 1);
        expect(line).toMatchObject({
            route: "inference",
            method: "POST",
            uri: "/slow",
            status: 200,
            node: answer.node,
        });
        expect(line?.request_id).toBe(answer.headers.get("x-request-id"));
        expect(line?.tries).toEqual([expect.objectContaining({ node: answer.node, status: 200 })]);
        expect(line?.tries[0]?.header_seconds).toBeGreaterThanOrEqual(0.45);
        expect(line?.request_seconds).toBeGreaterThanOrEqual(0.45);
        const samples = await readMetrics(gateway);
        const counted = [...samples].filter(([sample]) => sample.startsWith("openclaw_slow_requests_total"));
        expect(counted.map(([, value]) => value)).toEqual([1]);

        const access = await readLines(gateway, "access.log");
        expect(access.length).toBeGreaterThanOrEqual(2);
        for (const one of access) expect(one).toMatch(ACCESS_LINE);
        expect(access.at(-1)).toContain(`"POST /slow?key=secret HTTP/1.1" 200 ${line?.request_id} ${line?.trace_id}`);
        const json = (await readLines(gateway, "access.json")).map((one) => JSON.parse(one) as object);
        expect(json.at(-1)).toMatchObject({ uri: "/slow", status: 200, route: "inference", node: answer.node });
    });

    test("tells of both nodes when the first has failed, where a map over one time sees nothing", async () => {
        await using nodes = await startObedientNodes(0.2, 0.2);
        await using gateway = await start(nodes);
        const failing = nodes[0] as StartedNode;
        const well = nodes[1] as StartedNode;
        await behave(failing, { delay: 0.2, status: 503 });
        await behave(well, { delay: 0.2 });
        // Sooner or later each worker begins with the one that fails.
        const lines = await eventually("a request was retried", async () => {
            await ask(gateway.url("/retried"), { method: "POST", body: "x" });
            const found = (await readLines(gateway, "slow.log")).map((line) => JSON.parse(line) as SlowLine);
            // On a busy machine one try may be slow, too.
            const retried = found.filter((line) => line.tries.length > 1);
            return retried.length > 0 && retried;
        });
        const [line] = lines;
        expect(line).toMatchObject({ uri: "/retried", status: 200, node: well.address });
        expect(line?.tries.map(({ node, status }) => [node, status])).toEqual([
            [failing.address, 503],
            [well.address, 200],
        ]);
        for (const one of line?.tries ?? []) {
            expect(one.response_seconds).toBeGreaterThanOrEqual(0.15);
            expect(one.response_seconds).toBeLessThan(line?.request_seconds ?? 0);
        }
    });
});

/** Sends bytes, and reads until the gateway closes. */
function sendBytes(gateway: NativeNginx, bytes: string): Promise<string> {
    return new Promise((resolve, reject) => {
        const socket = connect(gateway.port, "127.0.0.1");
        socket.write(Buffer.from(bytes, "latin1"));
        let text = "";
        socket.on("data", (chunk) => (text += chunk.toString("latin1")));
        socket.on("error", reject);
        socket.on("close", () => resolve(text));
    });
}

describe("the access logs", () => {
    test("tell of a request in full", async () => {
        await using nodes = await startNodeProcesses({});
        await using gateway = await startLoggingGateway({
            nodes: nodes.map(({ address }) => address),
            location: "set $openclaw_variant v1;",
            server: `
                location = /told {
                    set $openclaw_route told;
                    content_by_lua_block {
                        ngx.var.openclaw_queue_seconds = "0.250"
                        ngx.var.openclaw_model = 'pond "7" é'
                        ngx.var.openclaw_prompt_tokens = "12"
                        ngx.var.openclaw_completion_tokens = "340"
                        ngx.var.openclaw_finish_reason = "stop"
                        ngx.var.openclaw_degraded = "1"
                        ngx.var.openclaw_class = "vip"
                        ngx.var.openclaw_tenant = 'pond "7"'
                        ngx.var.openclaw_identity = "josé"
                        ngx.var.openclaw_rejection = "limit/client"
                        ngx.print("ok")
                    }
                }`,
        });
        await ask(gateway.url("/asked?key=secret"));
        const line = await lineOf(gateway, "access.log", "/asked");
        expect(line).toMatch(ACCESS_LINE);
        const [node] = nodes;
        const asked = JSON.parse(await lineOf(gateway, "access.json", "/asked")) as Record<string, unknown>;
        expect(asked).toMatchObject({
            client: "127.0.0.1",
            method: "GET",
            uri: "/asked",
            status: 200,
            route: "work",
            variant: "v1",
            class: "standard",
            tenant: "",
            identity: "",
            rejection: "",
            node: node?.address,
            nodes: node?.address,
            statuses: "200",
            cache: "",
            degraded: false,
            queue_seconds: null,
            model: "",
            prompt_tokens: null,
            completion_tokens: null,
            finish_reason: "",
        });
        expect(asked.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
        expect(asked.request_seconds).toBeGreaterThanOrEqual(0);
        expect(asked.request_bytes).toBeGreaterThan(50);
        expect(asked.response_bytes).toBeGreaterThan(50);
        for (const name of ["connect_seconds", "header_seconds", "response_seconds"]) {
            expect(asked[name]).toMatch(/^\d+\.\d{3}$/);
        }

        await ask(gateway.url("/told"));
        const told = JSON.parse(await lineOf(gateway, "access.json", "/told")) as Record<string, unknown>;
        expect(told).toMatchObject({
            queue_seconds: 0.25,
            model: 'pond "7" é',
            prompt_tokens: 12,
            completion_tokens: 340,
            finish_reason: "stop",
            degraded: true,
            class: "vip",
            tenant: 'pond "7"',
            identity: "josé",
            rejection: "limit/client",
            node: "",
            connect_seconds: "",
        });
    });

    test("are one line each, and valid JSON, whatever comes", async () => {
        await using nodes = await startNodeProcesses({});
        await using gateway = await startLoggingGateway({
            nodes: nodes.map(({ address }) => address),
            http: `
                map $http_x_variant $openclaw_variant { default $http_x_variant; }
                map $http_x_identity $openclaw_identity { default $http_x_identity; }
                map $http_x_tokens $openclaw_prompt_tokens { default $http_x_tokens; }`,
            server: "location = /broken-off { content_by_lua_block { ngx.exit(ngx.ERROR) } }",
        });
        const rest = "HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
        const hostile = [
            `GET /"quotes"\\ ${rest}\r\n`,
            `GET /caf\xe9 ${rest}\r\n`,
            `GET /\xc3\xa9\xff?\xff ${rest}\r\n`,
            `GET /%0a%ff ${rest}\r\n`,
            `GET http://x/absolute?key=secret ${rest}\r\n`,
            `GET /${"x".repeat(7000)} ${rest}\r\n`,
            `GET /${"x".repeat(20000)} ${rest}\r\n`,
            `GET / ${rest}X-Variant: a"b\\c\x01\xff\r\n\r\n`,
            `GET / ${rest}X-Variant: caf\xc3\xa9\r\n\r\n`,
            `GET / ${rest}X-Identity: a"b\\c\x01\xff\r\n\r\n`,
            `GET / ${rest}X-Identity: jos\xc3\xa9\r\n\r\n`,
            ...["", "-1", "1,2", "1e5", "0x1", "007", "nan", '1,"x":2', "1."].map(
                (tokens) => `GET / ${rest}X-Tokens: ${tokens}\r\n\r\n`,
            ),
            `GET / ${rest}X-Request-Id: a","b":"c\r\n\r\n`,
            `GET / ${rest}traceparent: 00-","b":"c\r\n\r\n`,
            `M-SEARCH_X / ${rest}\r\n`,
            `get / ${rest}\r\n`,
            "GET /old\r\n",
            `GET /broken-off ${rest}\r\n`,
            "\x16\x03\x01\x02\x00\x01\x00\xfc\r\n\r\n",
            "\xff\xfe\r\n\r\n",
            `GET / ${rest}Content-Length: x\r\n\r\n`,
        ];
        for (const bytes of hostile) await sendBytes(gateway, bytes);
        await eventually("all are logged", async () => (await linesOf(gateway, "access.log")).length >= hostile.length);
        const access = await linesOf(gateway, "access.log");
        expect(access).toHaveLength(hostile.length);
        for (const line of access) expect(line).toMatch(ACCESS_LINE);
        for (const file of ["access.json", "slow.log", "records/all"]) {
            const lines = await eventually("the records are there", async () => {
                const found = await linesOf(gateway, file);
                return found.length > 10 && found;
            });
            expect(lines.join("\n").replaceAll("\n", "")).not.toMatch(/[\x00-\x1f\x7f]|secret/);
            for (const line of lines) expect(() => JSON.parse(line) as unknown, line).not.toThrow();
        }
        const json = (await linesOf(gateway, "access.json")).map((line) => JSON.parse(line) as Record<string, unknown>);
        expect(json).toHaveLength(hostile.length);
        const addresses = json.map(({ uri }) => uri);
        for (const uri of ['/"quotes"\\', "/caf", "/%0a%ff", "/absolute"]) expect(addresses).toContain(uri);
        expect(Math.max(...addresses.map((uri) => String(uri).length))).toBe(2048);
        expect(json.map(({ variant }) => variant)).toContain("café");
        expect(new Set(json.map(({ identity }) => identity))).toEqual(new Set(["", "josé"]));
        expect(json.find(({ uri }) => uri === "/broken-off")?.status).toBeNull();
        expect(new Set(json.map(({ prompt_tokens: tokens }) => tokens))).toEqual(new Set([null]));
    });
});

describe("the slow log", () => {
    async function slowFields(gateway: NativeNginx): Promise<SlowLine[]> {
        return (await linesOf(gateway, "slow.log")).map((line) => JSON.parse(line) as SlowLine);
    }

    async function sample(gateway: NativeNginx, name: string): Promise<number | undefined> {
        return parseMetrics(await gateway.get("/metrics")).get(name);
    }

    test("has no more lines in a minute than it may, over all workers, and says what is left out", async () => {
        await using nodes = await startNodeProcesses({});
        await using gateway = await startLoggingGateway({
            nodes: nodes.map(({ address }) => address),
            slow: "slow_seconds = 0.0001, slow_lines_per_minute = 20,",
            server: `location = /next_minute {
                access_log off;
                content_by_lua_block { ngx.shared.openclaw:delete("slow_log:lines") }
            }`,
        });
        await inParallel(70, 8, () => ask(gateway.url("/many")));
        await eventually(
            "all are counted",
            async () => (await sample(gateway, "openclaw_slow_log_left_out_total")) === 50,
        );
        expect(await linesOf(gateway, "slow.log")).toHaveLength(20);
        await gateway.get("/next_minute");
        await inParallel(10, 4, () => ask(gateway.url("/more")));
        await eventually("they are written", async () => (await linesOf(gateway, "slow.log")).length === 30);
        const told = (await slowFields(gateway))
            .map(({ left_out: count }) => count)
            .filter((count) => count !== undefined);
        expect(told).toEqual([50]);
        expect(await sample(gateway, "openclaw_slow_log_left_out_total")).toBe(50);
    });

    test("is opened anew by nginx, so that it can be moved away", async () => {
        await using nodes = await startNodeProcesses({});
        await using gateway = await startLoggingGateway({ nodes: nodes.map(({ address }) => address) });
        await ask(gateway.url("/before"));
        await lineOf(gateway, "slow.log", "/before");
        const file = path.join(gateway.prefix, "slow.log");
        await rename(file, `${file}.1`);
        process.kill(Number(await readFile(path.join(gateway.prefix, "run/nginx.pid"), "utf8")), "SIGUSR1");
        await eventually("the new file has a line", async () => {
            await ask(gateway.url("/after"));
            return (await linesOf(gateway, "slow.log")).length > 0;
        });
    });

    test("is for the routes that do not say otherwise", async () => {
        await using nodes = await startNodeProcesses({});
        await using gateway = await startLoggingGateway({
            nodes: nodes.map(({ address }) => address),
            ofRoute: "slow_log = false",
        });
        await ask(gateway.url("/quiet"));
        await lineOf(gateway, "access.json", "/quiet");
        expect(await linesOf(gateway, "slow.log")).toEqual([]);
    });
});
