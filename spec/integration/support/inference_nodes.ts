/** Inference nodes and a log receiver in containers, what is posted to them, and how a gateway in front is asked. */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { AbstractStartedContainer } from "testcontainers";
import { CHECKOUT } from "./checkout";
import { eventually } from "./eventually";
import { buildImage, GatewayContainer } from "./gateway_container";
import type { StartedGatewayContainer } from "./gateway_container";

/** Where the containers reach a node or the receiver; the host takes 8080. */
const PORT = 8000;

function configuration(http: string, locations: string): string {
    return `
worker_processes 1;
pid run/nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
    lua_package_path "$prefix/?.lua;;";
    init_by_lua_block { simulated_node = require("demo.simulated_node") }
    access_log off;
    client_max_body_size 20m;
    # The gateway alone decides for how long a connection is kept.
    keepalive_requests 1000000;
    keepalive_timeout 600s;
    ${http}
    server {
        listen ${PORT};
        listen 8080;
        ${locations}
    }
}
`;
}

/** nginx can be stopped, and started again, in a container that goes on. */
const RUN = `
while :; do
    docker/entrypoint.sh run/nginx.conf
    while [ -e run/down ]; do sleep 0.05; done
done
`;

/** A node or the receiver. */
export class StartedNode extends AbstractStartedContainer {
    constructor(private readonly container: StartedGatewayContainer) {
        super(container);
    }

    /** Where the other containers reach it; how the gateway names it. */
    get address(): string {
        return `${this.container.getIpAddress("bridge")}:${PORT}`;
    }

    url(path = "/"): string {
        return this.container.url(path);
    }

    private async shell(script: string): Promise<void> {
        const { exitCode, output } = await this.container.exec(["sh", "-c", script]);
        if (exitCode !== 0) throw new Error(`${script}: ${output}`);
    }

    /** Stops its nginx; nobody listens then. */
    async goDown(): Promise<void> {
        await this.shell("touch run/down && kill -TERM $(cat run/nginx.pid)");
        await this.shell("while [ -e run/nginx.pid ]; do sleep 0.02; done");
    }

    /** Starts its nginx again, at the same address. */
    async comeUp(): Promise<void> {
        await this.shell("rm run/down");
        await eventually("the node is up again", async () => (await fetch(this.url())).status > 0);
    }
}

async function startNode(http: string, locations: string): Promise<StartedNode> {
    const gateway = new GatewayContainer(await buildImage())
        .withConfig(configuration(http, locations))
        .withCommand(["sh", "-c", RUN]);
    return new StartedNode(await gateway.start());
}

/** The demo's node: takes its time by its speed, and answers with its name and the image's MD5. */
export function startSimulatedNode(name: string, speed: number, sideBySide: number): Promise<StartedNode> {
    const answer = `simulated_node.answer("${name}", ${speed}, ${sideBySide})`;
    return startNode("", `location / { content_by_lua_block { ${answer} } }`);
}

export interface Behaviour {
    /** How long an answer takes, in seconds. */
    delay: number;
    status: number;
}

/** Tells what it does in a header, and on which connection, in its answer. */
const OBEDIENT = `
location / {
    content_by_lua_block {
        local behaviour = ngx.shared.behaviour
        ngx.req.read_body()
        ngx.sleep(behaviour:get("delay"))
        ngx.status = behaviour:get("status")
        ngx.header["X-Model"] = ngx.var.arg_model
        ngx.header["X-Queue-Seconds"] = ngx.var.arg_queue
        ngx.say('{"connection":', ngx.var.connection, ',"request":', ngx.var.connection_requests, '}')
    }
}
location = /behave {
    content_by_lua_block {
        ngx.shared.behaviour:set("delay", tonumber(ngx.var.arg_delay))
        ngx.shared.behaviour:set("status", tonumber(ngx.var.arg_status))
        ngx.say("ok")
    }
}`;

/** A node that behaves as it is told: see `behave`. Its answer names the connection that it used. */
export async function startObedientNode(delay = 0): Promise<StartedNode> {
    const node = await startNode(
        `lua_shared_dict behaviour 1m;
         init_worker_by_lua_block { ngx.shared.behaviour:add("delay", 0) ngx.shared.behaviour:add("status", 200) }`,
        OBEDIENT,
    );
    await behave(node, { delay });
    return node;
}

/** What an obedient node does from now on. */
export async function behave(node: StartedNode, { delay = 0, status = 200 }: Partial<Behaviour>): Promise<void> {
    await fetch(node.url(`/behave?delay=${delay}&status=${status}`));
}

/** The demo's log receiver. */
export function startReceiver(): Promise<StartedNode> {
    return startNode("", "location = /log { content_by_lua_block { simulated_node.receive_log() } }");
}

export interface RequestRecord {
    id: string;
    status: number;
    node: string | null;
    cache: string | null;
    uri: string;
}

/** The records that have arrived at a receiver. */
export async function readRecords(receiver: StartedNode): Promise<RequestRecord[]> {
    const lines = await (await fetch(receiver.url("/log"))).text();
    return lines
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as RequestRecord);
}

/**
 * One of nginx/scenarios, with this image's nginx. Each of the replacements must find what it replaces; that it listens
 * on 127.0.0.1 alone, where nobody would reach it, is changed in any case.
 */
export async function startScenario(
    name: string,
    replacements: Record<string, string> = {},
    image?: string,
): Promise<StartedGatewayContainer> {
    const container = new GatewayContainer(image ?? (await buildImage()));
    const conf = `nginx/scenarios/${name}.conf`;
    let found = "";
    for (const file of name === "image-recognition" ? [conf, `nginx/scenarios/${name}.lua`] : [conf]) {
        let text = readFileSync(path.join(CHECKOUT, file), "utf8").replace("listen 127.0.0.1:8080", "listen 8080");
        for (const [from, to] of Object.entries(replacements)) {
            if (text.includes(from)) found += `${from}\n`;
            text = text.replaceAll(from, to);
        }
        container.withFile(file, text);
    }
    const missing = Object.keys(replacements).filter((from) => !found.includes(`${from}\n`));
    if (missing.length > 0) throw new Error(`${conf} does not say: ${missing.join("; ")}`);
    return container.withCommand([conf]).start();
}

/** Lets a scenario's nodes, on the ports from 8101 up, be these. */
export function nodesInstead(nodes: StartedNode[]): Record<string, string> {
    return Object.fromEntries(nodes.map((node, index) => [`127.0.0.1:${8101 + index}`, node.address]));
}

/** What stands at a path for somebody within the container: where `allow 127.0.0.1` holds. */
export async function getFromWithin(gateway: StartedGatewayContainer, path: string): Promise<string> {
    const script = `exec 3<>/dev/tcp/127.0.0.1/8080; printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;
    const { stdout } = await gateway.exec(["bash", "-c", script]);
    const [head = "", ...body] = stdout.split("\r\n\r\n");
    if (!head.includes(" 200 ")) throw new Error(`${path}: ${stdout}`);
    return body.join("\r\n\r\n");
}

/** The samples of the metrics page, by name and labels. */
export async function readMetrics(gateway: StartedGatewayContainer): Promise<Map<string, number>> {
    const page = await getFromWithin(gateway, "/metrics/openclaw");
    const lines = page.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(
        lines.map((line) => {
            const end = line.lastIndexOf(" ");
            return [line.slice(0, end), Number(line.slice(end + 1))];
        }),
    );
}

export interface Answer {
    status: number;
    headers: Headers;
    /** The node that answered, as the gateway names it. */
    node: string | null;
    cache: string | null;
    text: string;
    /** The body, where it is JSON. */
    json: Record<string, unknown>;
}

/** Asks on a connection of its own, so that any worker may answer. */
export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
    const headers = { ...(init.headers as Record<string, string>), connection: "close" };
    const answer = await fetch(url, { ...init, headers, signal: AbortSignal.timeout(30_000) });
    const text = await answer.text();
    let json: Record<string, unknown> = {};
    if (text.startsWith("{")) json = JSON.parse(text) as Record<string, unknown>;
    const node = answer.headers.get("x-openclaw-node");
    return { status: answer.status, headers: answer.headers, node, cache: answer.headers.get("x-cache-status"), text, json };
}

export function post(url: string, body: Buffer): Promise<Answer> {
    return ask(url, { method: "POST", body: new Uint8Array(body) });
}

/** Does so many things, so many at a time. */
export async function inParallel<T>(count: number, atATime: number, work: (index: number) => Promise<T>): Promise<T[]> {
    const results: T[] = [];
    let next = 0;
    async function worker(): Promise<void> {
        for (let index = next++; index < count; index = next++) results[index] = await work(index);
    }
    await Promise.all(Array.from({ length: atATime }, worker));
    return results;
}

export const JPEG = readFileSync(path.join(CHECKOUT, "demo/images/pond.jpg"));
export const PNG = readFileSync(path.join(CHECKOUT, "demo/images/crawfish.png"));

/** A JPEG that nobody has posted before, of so many bytes; what follows the image's end makes it another file. */
export function newImage(bytes = JPEG.length + 16): Buffer {
    return Buffer.concat([JPEG, randomBytes(bytes - JPEG.length)]);
}

export function md5(body: Buffer): string {
    return createHash("md5").update(body).digest("hex");
}
