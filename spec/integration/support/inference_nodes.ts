/** Inference nodes and a log receiver, in containers of the gateway's image. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { AbstractStartedContainer } from "testcontainers";
import { eventually } from "./eventually";
import type { StartedGatewayContainer } from "./gateway_container";
import { buildImage, GatewayContainer } from "./gateway_container";
import { behave, OBEDIENT_FILE, OBEDIENT_LOCATIONS, OBEDIENT_LUA } from "./obedient_node";

export { behave } from "./obedient_node";

/** Where the containers reach a node or the receiver; the host takes 8080. */
const PORT = 8000;

function configuration(http: string, locations: string): string {
    return `
worker_processes 1;
pid run/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
    lua_package_path "$prefix/?.lua;;";
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

async function startNode(http: string, locations: string, files: Record<string, string> = {}): Promise<StartedNode> {
    const gateway = new GatewayContainer(await buildImage())
        .withConfig(configuration(http, locations))
        .withCommand(["sh", "-c", RUN]);
    for (const [name, content] of Object.entries(files)) gateway.withFile(name, content);
    return new StartedNode(await gateway.start());
}

const SIMULATED = 'init_by_lua_block { simulated_node = require("demo.simulated_node") }';

/** The demo's node: takes its time by its speed, and answers with its name and the image's MD5. */
export function startSimulatedNode(name: string, speed: number, sideBySide: number): Promise<StartedNode> {
    const answer = `simulated_node.answer("${name}", ${speed}, ${sideBySide})`;
    return startNode(SIMULATED, `location / { content_by_lua_block { ${answer} } }`);
}

/** A node that does as it is told: see obedient_node. Its answer names the node and the connection that was used. */
export async function startObedientNode(delay = 0): Promise<StartedNode> {
    const node = await startNode('init_by_lua_block { obedient_node = require("obedient_node") }', OBEDIENT_LOCATIONS, {
        [OBEDIENT_FILE]: OBEDIENT_LUA,
    });
    await behave(node, { delay });
    return node;
}

/** Several of them, one for each delay, to be stopped together. */
export async function startObedientNodes(...delays: number[]): Promise<StartedNode[] & AsyncDisposable> {
    const nodes = await Promise.all(delays.map((delay) => startObedientNode(delay)));
    async function stop(): Promise<void> {
        await Promise.all(nodes.map((node) => node.stop()));
    }
    return Object.assign(nodes, { [Symbol.asyncDispose]: stop });
}

/** A node that remembers the keys of the jobs it was asked for, at /keys. */
export function startJobNode(): Promise<StartedNode> {
    return startNode(
        'init_by_lua_block { job_node = require("job_node") } client_body_buffer_size 1m;',
        "location / { content_by_lua_block { job_node.answer() } } location = /keys { content_by_lua_block { job_node.tell() } }",
        { "job_node.lua": readFileSync(path.join(import.meta.dirname, "job_node.lua"), "utf8") },
    );
}

/** The demo's log receiver. */
export function startReceiver(): Promise<StartedNode> {
    return startNode(
        SIMULATED,
        "location / { return 204; } location = /log { content_by_lua_block { simulated_node.receive_log() } }",
    );
}

export interface RequestRecord {
    id: string;
    request_id: string | null;
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
