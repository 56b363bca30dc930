/** The configurations in nginx/scenarios, in containers, and how they are asked. */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { CHECKOUT } from "./checkout";
import type { StartedGatewayContainer } from "./gateway_container";
import { buildImage, GatewayContainer } from "./gateway_container";
import type { StartedNode } from "./inference_nodes";

/** What a scenario may be made of, beside its own file. */
const FILES = ["nginx/scenarios/image-recognition.lua", "nginx/proxy.conf", "nginx/cache.conf"];

/**
 * One of nginx/scenarios, with the nginx of an image. Each of the replacements must find what it replaces; that the
 * scenario listens on 127.0.0.1 alone, where nobody would reach it, is changed in any case.
 */
export async function startScenario(
    name: string,
    replacements: Record<string, string> = {},
): Promise<StartedGatewayContainer> {
    const container = new GatewayContainer(await buildImage());
    const conf = `nginx/scenarios/${name}.conf`;
    const found = new Set<string>();
    for (const file of [conf, ...FILES]) {
        let text = readFileSync(path.join(CHECKOUT, file), "utf8").replace("listen 127.0.0.1:8080", "listen 8080");
        for (const [from, to] of Object.entries(replacements)) {
            if (text.includes(from)) found.add(from);
            text = text.replaceAll(from, to);
        }
        container.withFile(file, text);
    }
    const missing = Object.keys(replacements).filter((from) => !found.has(from));
    if (missing.length > 0) throw new Error(`${conf} does not say: ${missing.join("; ")}`);
    return container.withCommand([conf]).start();
}

/** Lets a scenario's nodes, on the ports from 8101 up, be these. */
export function nodesInstead(nodes: StartedNode[]): Record<string, string> {
    return Object.fromEntries(nodes.map((node, index) => [`127.0.0.1:${8101 + index}`, node.address]));
}

/** What stands at a path for somebody within the container: where `allow 127.0.0.1` holds. */
export async function getFromWithin(gateway: StartedGatewayContainer, path: string): Promise<string> {
    const script = `exec 3<>/dev/tcp/127.0.0.1/8080; printf 'GET ${path} HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3; cat <&3`;
    const { stdout } = await gateway.exec(["bash", "-c", script]);
    const [head = "", ...body] = stdout.split("\r\n\r\n");
    if (!head.includes(" 200 ")) throw new Error(`${path}: ${stdout}`);
    return body.join("\r\n\r\n");
}

/** The samples of a metrics page, by name and labels. */
export function parseMetrics(page: string): Map<string, number> {
    const lines = page.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(
        lines.map((line) => {
            const end = line.lastIndexOf(" ");
            return [line.slice(0, end), Number(line.slice(end + 1))];
        }),
    );
}

/** What a gateway's metrics page says now. */
export async function readMetrics(gateway: StartedGatewayContainer): Promise<Map<string, number>> {
    return parseMetrics(await getFromWithin(gateway, "/metrics/openclaw"));
}

/** Requests that are counted as going on at any node. */
export function inFlightOf(samples: Map<string, number>): number {
    let sum = 0;
    for (const [sample, value] of samples) {
        if (sample.startsWith("openclaw_node_in_flight{")) sum += value;
    }
    return sum;
}

/** The state in which a node is for an upstream; nothing when the page does not tell. */
export function stateOf(samples: Map<string, number>, upstream: string, node: { address: string }): string | undefined {
    const labels = `upstream="${upstream}",node="${node.address}",state="`;
    for (const [sample, value] of samples) {
        const [, state] = sample.split(`openclaw_upstream_node_state{${labels}`);
        if (state !== undefined && value === 1) return state.replace('"}', "");
    }
    return undefined;
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
    return {
        status: answer.status,
        headers: answer.headers,
        node,
        cache: answer.headers.get("x-cache-status"),
        text,
        json,
    };
}

export function post(url: string, body: Buffer): Promise<Answer> {
    return ask(url, { method: "POST", body: new Uint8Array(body) });
}

export interface RawAnswer {
    status: number;
    /** The body, which must be JSON. */
    json: unknown;
}

/** Sends bytes as they are; resolves with the answer, which must be JSON. */
export function sendRaw(url: string, ...pieces: (string | Buffer)[]): Promise<RawAnswer> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
        const socket = connect(Number(port), hostname, () => {
            for (const piece of pieces) socket.write(piece);
        });
        let text = "";
        socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer in time, only: ${text}`)));
        socket.on("data", (chunk) => {
            text += String(chunk);
            const [head = "", body = ""] = text.split("\r\n\r\n");
            if (!body.endsWith("}\n")) return;
            resolve({ status: Number(head.split(" ")[1]), json: JSON.parse(body) });
            socket.destroy();
        });
        socket.on("error", reject);
        socket.on("close", () => reject(new Error(`no whole answer, only: ${text}`)));
    });
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
