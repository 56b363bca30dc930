import { cp, writeFile } from "node:fs/promises";
import { CHECKOUT, run } from "./checkout";
import { eventually } from "./eventually";
import { freePort } from "./free_port";
import { ServerProcess } from "./process";

/** How its user "gate" introduces itself, in Lua. */
export const CREDENTIALS = 'username = "gate", password = "secret"';

/** A real Redis that keeps its data in a folder, with a user "gate" of few rights: on a port, on one with TLS, and on a unix socket. */
export class GuardedRedis {
    readonly socket: string;

    private constructor(
        private readonly folder: string,
        readonly port: number,
        readonly tlsPort: number,
        private server: ServerProcess,
    ) {
        this.socket = `${folder}/redis.sock`;
    }

    /** `rights`: those of the user, as Redis writes them. */
    static async start(folder: string, rights: string): Promise<GuardedRedis> {
        const [port, tlsPort] = [await freePort(), await freePort()];
        for (const name of ["server.pem", "server.key"]) {
            await cp(`${CHECKOUT}/spec/support/tls/${name}`, `${folder}/${name}`);
        }
        await writeFile(
            `${folder}/redis.conf`,
            `bind 127.0.0.1
            port ${port}
            tls-port ${tlsPort}
            tls-cert-file ${folder}/server.pem
            tls-key-file ${folder}/server.key
            tls-auth-clients no
            unixsocket ${folder}/redis.sock
            unixsocketperm 777
            dir ${folder}
            appendonly yes
            appendfsync always
            user default on >admin ~* +@all
            user gate on >secret ${rights}
            `,
        );
        const redis = new GuardedRedis(folder, port, tlsPort, GuardedRedis.run(folder));
        await redis.ready();
        return redis;
    }

    private static run(folder: string): ServerProcess {
        return ServerProcess.start("redis-server", `${folder}/redis.conf`);
    }

    private async ready(): Promise<void> {
        await eventually("redis is ready", () => this.server.log.includes("Ready to accept connections"));
    }

    async startAgain(): Promise<void> {
        this.server = GuardedRedis.run(this.folder);
        await this.ready();
    }

    stop(): Promise<void> {
        return this.server.stop();
    }

    /** Runs redis-cli as the administrator. */
    cli(...words: string[]): Promise<string> {
        const as = ["-s", this.socket, "--user", "default", "--pass", "admin", "--no-auth-warning"];
        return run("redis-cli", ...as, ...words);
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.stop();
    }
}
