import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { eventually } from "./eventually";
import { freePort } from "./free_port";
import { findNginx, makePrefix, TEMPORARY_PATHS } from "./native_nginx";
import type { Behaviour } from "./obedient_node";
import { behave, OBEDIENT_FILE, OBEDIENT_LOCATIONS, OBEDIENT_LUA } from "./obedient_node";

function configuration(address: string): string {
    return `
daemon off;
master_process off;
pid run/nginx.pid;
error_log error.log error;
events { worker_connections 1024; }
http {
    lua_package_path "$prefix/?.lua;;";
    init_by_lua_block { obedient_node = require("obedient_node") }
    access_log off;
    ${TEMPORARY_PATHS}
    keepalive_requests 1000000;
    keepalive_timeout 600s;
    server {
        listen ${address};
        ${OBEDIENT_LOCATIONS}
    }
}
`;
}

let nodes = 0;

/** An obedient node: one process of this machine, which can be killed and started again at the same address. */
export class NodeProcess {
    private constructor(
        private readonly prefix: string,
        readonly address: string,
        private readonly binary: string,
        private readonly modules: string,
        private child: ChildProcess,
    ) {}

    static async start(behaviour: Partial<Behaviour> = {}): Promise<NodeProcess> {
        const { binary, modules } = await findNginx();
        const prefix = await makePrefix();
        // Connections that leave 127.0.0.1 must never have this port while the node is down.
        nodes += 1;
        const address = `127.0.1.${nodes}:${await freePort()}`;
        await writeFile(path.join(prefix, "nginx.conf"), configuration(address));
        await writeFile(path.join(prefix, OBEDIENT_FILE), OBEDIENT_LUA);
        const node = new NodeProcess(prefix, address, binary, modules, NodeProcess.run(prefix, binary, modules));
        await node.awaitAnswer(behaviour);
        return node;
    }

    private static run(prefix: string, binary: string, modules: string): ChildProcess {
        const conf = path.join(prefix, "nginx.conf");
        return spawn(binary, ["-e", "stderr", "-p", prefix, "-c", conf, "-g", modules], { stdio: "ignore" });
    }

    private async awaitAnswer(behaviour: Partial<Behaviour>): Promise<void> {
        await eventually(`the node ${this.address} answers`, async () => {
            if (this.child.exitCode !== null) throw new Error(`it exits with ${this.child.exitCode}`);
            await behave(this, behaviour);
            return true;
        });
    }

    url(pathAndQuery = "/"): string {
        return `http://${this.address}${pathAndQuery}`;
    }

    /** As a machine that loses power, but for the connections, which its kernel closes. */
    async kill(): Promise<void> {
        if (this.child.exitCode !== null || this.child.signalCode !== null) return;
        const gone = new Promise((resolve) => this.child.once("exit", resolve));
        this.child.kill("SIGKILL");
        await gone;
    }

    /** Starts it again, with nothing left of what it was told before. */
    async startAgain(behaviour: Partial<Behaviour> = {}): Promise<void> {
        this.child = NodeProcess.run(this.prefix, this.binary, this.modules);
        await this.awaitAnswer(behaviour);
    }

    /** Lets it hang: it takes connections, and nothing more comes of them until it wakes up. */
    hang(): void {
        this.child.kill("SIGSTOP");
    }

    wakeUp(): void {
        this.child.kill("SIGCONT");
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.kill();
        await rm(this.prefix, { recursive: true, force: true });
    }
}

/** Several of them, to be stopped together. */
export async function startNodeProcesses(
    ...behaviours: Partial<Behaviour>[]
): Promise<NodeProcess[] & AsyncDisposable> {
    const started = await Promise.all(behaviours.map((behaviour) => NodeProcess.start(behaviour)));
    async function stop(): Promise<void> {
        await Promise.all(started.map((node) => node[Symbol.asyncDispose]()));
    }
    return Object.assign(started, { [Symbol.asyncDispose]: stop });
}
