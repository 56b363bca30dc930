import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFailed } from "vitest";
import { CHECKOUT, run } from "./checkout";
import { eventually } from "./eventually";
import { freePort } from "./free_port";

export interface NativeOptions {
    /** How many workers (2). */
    workers?: number;
    /** Directives for the main level, `env` for instance. */
    main?: string;
    /** Directives for the http level; lua_package_path and the dict `openclaw` are there already. */
    http?: string;
    /** How many connections a worker may have (512). */
    connections?: number;
    /** Directives for the server, which listens on a port of its own choice. */
    server: string;
    /** More files, by their path below the prefix; all of nginx/*.conf are there already, to be included. */
    files?: Record<string, string>;
}

interface FoundNginx {
    binary: string;
    modules: string;
}

let found: Promise<FoundNginx> | undefined;

async function search(): Promise<FoundNginx> {
    const [binary, modules] = [await run("tools/find_nginx.sh"), await run("tools/find_nginx.sh", "modules")];
    return { binary: binary.trim(), modules: modules.trim() };
}

/** The nginx of this machine, and what its option -g must say to load Lua. */
export function findNginx(): Promise<FoundNginx> {
    found ??= search();
    return found;
}

/** Makes a folder that workers, whoever they run as, can read: the prefix of an nginx. */
export async function makePrefix(): Promise<string> {
    const prefix = await mkdtemp(path.join(tmpdir(), "openclaw-"));
    await chmod(prefix, 0o755);
    await mkdir(path.join(prefix, "run"));
    return prefix;
}

/** Where nginx has bodies and responses on disk: below its prefix. */
export const TEMPORARY_PATHS = `
    client_body_temp_path run/client_body;
    proxy_temp_path run/proxy;
    fastcgi_temp_path run/fastcgi;
    uwsgi_temp_path run/uwsgi;
    scgi_temp_path run/scgi;`;

function configuration(options: NativeOptions, port: number): string {
    return `
worker_processes ${options.workers ?? 2};
pid run/nginx.pid;
error_log error.log notice;
${options.main ?? ""}
events { worker_connections ${options.connections ?? 512}; }
http {
    access_log off;
    ${TEMPORARY_PATHS}
    lua_package_path "$prefix/lua-out/?.lua;;";
    lua_shared_dict openclaw 10m;
    ${options.http ?? ""}
    server {
        # Each worker has a queue of its own, so that all of them get requests.
        listen 127.0.0.1:${port} reuseport;
        ${options.server}
    }
}
`;
}

/** The command line of a process; nothing when it is gone. nginx writes there what a process is. */
async function title(pid: number): Promise<string> {
    const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return text.replaceAll("\0", " ").trim();
}

async function children(pid: number): Promise<number[]> {
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
    const parents = pids.map(async (child) => {
        const stat = await readFile(`/proc/${child}/stat`, "utf8").catch(() => "");
        return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    });
    const known = await Promise.all(parents);
    return pids.filter((_, index) => known[index] === pid);
}

const PACKAGED = path.join(CHECKOUT, "nginx");

/** The text of a file in nginx/, without the dict that a NativeNginx declares itself. */
export function packagedConf(name: string): string {
    return readFileSync(path.join(PACKAGED, name), "utf8").replace("lua_shared_dict openclaw 10m;", "");
}

/** All of these files. */
function packagedConfs(): Record<string, string> {
    const names = readdirSync(PACKAGED).filter((name) => name.endsWith(".conf"));
    return Object.fromEntries(names.map((name) => [name, packagedConf(name)]));
}

/** An `upstream` for the nodes that `setup` knows by its name; `more`: further directives. */
export function balancedUpstream(name: string, more = ""): string {
    return `upstream ${name} {
        server 0.0.0.1;
        balancer_by_lua_block { require("resty.openclaw").balance("${name}") }
        ${more}
    }`;
}

/** An nginx with several workers on 127.0.0.1, in a folder of its own, until it is disposed of. */
export class NativeNginx {
    private constructor(
        readonly prefix: string,
        readonly port: number,
        private readonly nginx: FoundNginx,
        private readonly workers: number,
        private master: ChildProcess,
    ) {}

    /** Resolves when all workers take requests. */
    static async start(options: NativeOptions): Promise<NativeNginx> {
        const nginx = await findNginx();
        const port = await freePort();
        const prefix = await makePrefix();
        // Many files, with which Node's own functions take ten times as long, here and in `stop`.
        await run("cp", "-R", path.join(CHECKOUT, "lua-out"), prefix);
        const files = { ...packagedConfs(), "nginx.conf": configuration(options, port), ...options.files };
        for (const [name, content] of Object.entries(files)) {
            await mkdir(path.dirname(path.join(prefix, name)), { recursive: true });
            await writeFile(path.join(prefix, name), content);
        }
        const master = NativeNginx.run(prefix, nginx);
        const started = new NativeNginx(prefix, port, nginx, options.workers ?? 2, master);
        await started.awaitWorkers();
        started.dumpLogWhenTestFails();
        return started;
    }

    private static run(prefix: string, nginx: FoundNginx): ChildProcess {
        const arguments_ = NativeNginx.arguments(prefix, `daemon off; ${nginx.modules}`);
        return spawn(nginx.binary, arguments_, { stdio: ["ignore", "ignore", "pipe"] });
    }

    private async awaitWorkers(): Promise<void> {
        const master = this.master;
        const complaints: string[] = [];
        master.stderr?.on("data", (chunk) => complaints.push(String(chunk)));
        try {
            await eventually(
                "all workers are up",
                async () => master.exitCode !== null || (await this.allWorkersAreNew(new Set())),
            );
            if (master.exitCode !== null) throw new Error(`it exits with ${master.exitCode}`);
        } catch (error) {
            const log = await this.errorLog();
            await this.stop();
            throw new Error(`nginx does not start:\n${complaints.join("")}${log}`, { cause: error });
        }
    }

    /** Ends the master and all workers at once, as a machine does that loses power. */
    async crash(): Promise<void> {
        // Those that look after the cache as well, which would stay.
        const pids = this.master.pid === undefined ? [] : await children(this.master.pid);
        const gone = new Promise((resolve) => this.master.once("exit", resolve));
        this.master.kill("SIGKILL");
        await gone;
        for (const pid of pids) {
            // One may have ended by itself.
            if ((await title(pid)) !== "") process.kill(pid, "SIGKILL");
        }
        await eventually("all processes are gone", async () => {
            const titles = await Promise.all(pids.map(title));
            return titles.every((text) => text === "");
        });
    }

    /** Starts it again in the same folder, after a crash. */
    async startAgain(): Promise<void> {
        this.master = NativeNginx.run(this.prefix, this.nginx);
        await this.awaitWorkers();
    }

    private static arguments(prefix: string, directives: string): string[] {
        return ["-e", "stderr", "-p", prefix, "-c", path.join(prefix, "nginx.conf"), "-g", directives];
    }

    url(pathAndQuery = "/"): string {
        return `http://127.0.0.1:${this.port}${pathAndQuery}`;
    }

    /** Body of the answer to a GET on a connection of its own; rejects unless its status is 200. */
    get(pathAndQuery: string): Promise<string> {
        return new Promise((resolve, reject) => {
            const sent = http.get(this.url(pathAndQuery), { agent: false, timeout: 10_000 }, (answer) => {
                const chunks: string[] = [];
                answer.setEncoding("utf8").on("error", reject);
                answer.on("data", (chunk: string) => chunks.push(chunk));
                answer.on("end", () => {
                    const body = chunks.join("");
                    if (answer.statusCode === 200) resolve(body);
                    else reject(new Error(`status ${answer.statusCode}: ${body}`));
                });
            });
            sent.on("timeout", () => sent.destroy(new Error("no answer in time")));
            sent.on("error", reject);
        });
    }

    /** The workers that take requests; those that start or drain are left out. */
    async workerPids(): Promise<number[]> {
        const pids = this.master.pid === undefined ? [] : await children(this.master.pid);
        const titles = await Promise.all(pids.map(title));
        return pids.filter((_, index) => titles[index] === "nginx: worker process");
    }

    /** The workers that only finish what they began, since a reload. */
    async drainingPids(): Promise<number[]> {
        const pids = this.master.pid === undefined ? [] : await children(this.master.pid);
        const titles = await Promise.all(pids.map(title));
        return pids.filter((_, index) => titles[index] === "nginx: worker process is shutting down");
    }

    private async allWorkersAreNew(old: ReadonlySet<number>): Promise<boolean> {
        const pids = await this.workerPids();
        return pids.length === this.workers && pids.every((pid) => !old.has(pid));
    }

    /** Reloads the configuration; resolves when only new workers take requests. Old ones may be draining still. */
    async reload(): Promise<void> {
        const old = new Set(await this.workerPids());
        this.master.kill("SIGHUP");
        await eventually("new workers have replaced the old", () => this.allWorkersAreNew(old));
    }

    /** Reloads a configuration that cannot be loaded; resolves when nginx has said so. */
    async reloadInVain(complaint: RegExp): Promise<void> {
        const before = (await this.errorLog()).length;
        this.master.kill("SIGHUP");
        await eventually("nginx refuses the new configuration", async () =>
            complaint.test((await this.errorLog()).slice(before)),
        );
    }

    /** Writes a file below the prefix anew, as somebody who changes the configuration. */
    async write(name: string, content: string): Promise<void> {
        await writeFile(path.join(this.prefix, name), content);
    }

    /** Masters that are nobody's children. */
    private readonly daemons: number[] = [];

    /** The master that writes the pid file, which is not one of these, and has all its workers. */
    private awaitDaemon(others: readonly number[]): Promise<number> {
        return eventually("a master is there, with all its workers", async () => {
            const text = await readFile(path.join(this.prefix, "run/nginx.pid"), "utf8").catch(() => "");
            const pid = Number(text);
            if (!(pid > 0) || others.includes(pid)) return false;
            const titles = await Promise.all((await children(pid)).map(title));
            return titles.filter((one) => one === "nginx: worker process").length === this.workers && pid;
        });
    }

    /** Crashes, and starts again as a daemon: the only kind of master that starts another one. */
    async becomeDaemon(): Promise<void> {
        await this.crash();
        await rm(path.join(this.prefix, "run/nginx.pid"), { force: true });
        await run(this.nginx.binary, ...NativeNginx.arguments(this.prefix, `daemon on; ${this.nginx.modules}`));
        this.daemons.push(await this.awaitDaemon([]));
    }

    /**
     * Has the daemon start another master beside itself, as somebody who replaces the binary; both take requests then. Returns
     * what ends the old one.
     */
    async upgrade(): Promise<() => Promise<void>> {
        const old = this.daemons.at(-1) as number;
        process.kill(old, "SIGUSR2");
        this.daemons.push(await this.awaitDaemon([...this.daemons]));
        return () => NativeNginx.end(old, "SIGQUIT");
    }

    private static async end(pid: number, signal: NodeJS.Signals): Promise<void> {
        if ((await title(pid)) === "") return;
        process.kill(pid, signal);
        await eventually("a master is gone", async () => (await title(pid)) === "", 20_000);
    }

    /** How much memory the master has mapped, in bytes, whether it uses it or not. */
    async masterMapped(): Promise<number> {
        const status = await readFile(`/proc/${this.master.pid}/status`, "utf8");
        return 1024 * Number(/^VmSize:\s+(\d+) kB$/m.exec(status)?.[1]);
    }

    /** The configuration; to be changed with `write`. */
    readConfiguration(): Promise<string> {
        return readFile(path.join(this.prefix, "nginx.conf"), "utf8");
    }

    /** Sends a signal to one worker. */
    kill(pid: number, signal: NodeJS.Signals): void {
        process.kill(pid, signal);
    }

    /** Runs `nginx -t` on the same files, beside the running server; resolves with what it prints. */
    test(): Promise<string> {
        return run(this.nginx.binary, "-t", ...NativeNginx.arguments(this.prefix, this.nginx.modules));
    }

    errorLog(): Promise<string> {
        return readFile(path.join(this.prefix, "error.log"), "utf8").catch(() => "");
    }

    /** Waits for a condition; see `eventually`. A failure shows the error log. */
    async waitFor(what: string, condition: () => boolean | Promise<boolean>, timeoutMs?: number): Promise<void> {
        await eventually(what, condition, timeoutMs);
    }

    private dumpLogWhenTestFails(): void {
        // Tests fail after the prefix is gone, so stop() keeps the log. Outside of a test there is none to fail.
        try {
            onTestFailed(() => console.error(`nginx's log:\n${this.lastLog}`));
        } catch {
            return;
        }
    }

    private lastLog = "";

    /** Stops nginx at once, and removes its folder. */
    async stop(): Promise<void> {
        for (const pid of this.daemons) await NativeNginx.end(pid, "SIGTERM");
        if (this.master.exitCode === null && this.master.signalCode === null) {
            const gone = new Promise((resolve) => this.master.once("exit", resolve));
            this.master.kill("SIGTERM");
            await gone;
        }
        this.lastLog = await this.errorLog();
        await run("rm", "-rf", this.prefix);
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.stop();
    }
}
