import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { run } from "./checkout";
import { eventually } from "./eventually";
import { freePort } from "./free_port";
import { ServerProcess } from "./process";

/** A real Redis, until the test is finished. */
export class RedisServer {
    private constructor(
        readonly port: number,
        private readonly folder: string,
        private readonly isKept: boolean,
        private server: ServerProcess,
    ) {}

    private static run(port: number, folder: string, isKept: boolean): ServerProcess {
        const kept = isKept ? "yes" : "no";
        const words = ["--port", port, "--bind", "127.0.0.1", "--dir", folder, "--appendonly", kept, "--save", ""];
        return ServerProcess.start("redis-server", ...words.map(String));
    }

    private async ready(): Promise<void> {
        await eventually("redis is ready", () => this.server.log.includes("Ready to accept connections"));
    }

    /** `isKept`: whether its data outlasts a restart. */
    static async start({ isKept }: { isKept: boolean }): Promise<RedisServer> {
        const [port, folder] = [await freePort(), await mkdtemp(path.join(tmpdir(), "openclaw-redis-"))];
        const redis = new RedisServer(port, folder, isKept, RedisServer.run(port, folder, isKept));
        onTestFinished(async () => {
            await redis.stop();
            await rm(folder, { recursive: true, force: true });
        });
        await redis.ready();
        return redis;
    }

    async startAgain(): Promise<void> {
        this.server = RedisServer.run(this.port, this.folder, this.isKept);
        await this.ready();
    }

    stop(): Promise<void> {
        return this.server.stop();
    }

    cli(...words: string[]): Promise<string> {
        return run("redis-cli", "-p", String(this.port), ...words);
    }
}
