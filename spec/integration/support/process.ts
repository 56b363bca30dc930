import { spawn } from "node:child_process";

/** A server of another kind, in the foreground, until it is disposed of. */
export class ServerProcess {
    private output = "";

    private constructor(private readonly child: ReturnType<typeof spawn>) {}

    /** Starts a program that does not go to the background. */
    static start(program: string, ...args: string[]): ServerProcess {
        const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
        const server = new ServerProcess(child);
        for (const stream of [child.stdout, child.stderr]) {
            stream?.on("data", (chunk) => (server.output += String(chunk)));
        }
        child.on("error", (error) => (server.output += String(error)));
        return server;
    }

    /** What it has written so far. */
    get log(): string {
        return this.output;
    }

    async stop(): Promise<void> {
        if (this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null) return;
        const gone = new Promise((resolve) => this.child.once("exit", resolve));
        this.child.kill("SIGTERM");
        await gone;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.stop();
    }
}
