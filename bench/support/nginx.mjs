// Starts nginx for a measurement: one configuration in a folder of its own, pinned to a core, on 127.0.0.1.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const project = fileURLToPath(new URL("../../", import.meta.url));

/** Clock ticks a second, as /proc counts CPU time. */
const TICKS = 100;

/** The nginx to use; `findNginx("modules")`: what its configuration must say to load Lua. */
export const findNginx = (...words) =>
    execFileSync(join(project, "tools/find_nginx.sh"), words, { encoding: "utf8" }).trim();

const head = (workers, connections, main) => `
worker_processes ${workers};
daemon off;
pid nginx.pid;
error_log error.log warn;
${findNginx("modules")}
${main}
events { worker_connections ${connections}; }
`;

const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path tmp_${name};`)
    .join(" ");

const answers = (port) =>
    new Promise((resolve) => {
        const socket = connect(port, "127.0.0.1");
        socket.once("connect", () => resolve(socket.destroy() && true));
        socket.once("error", () => resolve(false));
    });

async function until(condition, what, seconds) {
    for (const end = Date.now() + 1000 * seconds; Date.now() < end;) {
        if (await condition()) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${what} did not happen within ${seconds} s`);
}

/** Keeps a process, with all its threads, on one core. */
export const pin = (pid, core) =>
    execFileSync("taskset", ["-a", "-p", "-c", String(core), String(pid)], { stdio: "ignore" });

/**
 * Keeps processors that have nothing to do from sleeping, for as long as this process runs. Whoever wakes the processor of a
 * virtual machine pays for it with as much time as a request takes, and a slower variant does so more often. False, and
 * nothing, where the system does not offer it, or not to this user. Source: pm_qos_interface.rst of Linux' documentation.
 */
export function stayAwake() {
    try {
        // Most µs that waking up may take, as 32 bits; it holds until the file is closed.
        writeSync(openSync("/dev/cpu_dma_latency", "r+"), Buffer.alloc(4));
        return true;
    } catch {
        return false;
    }
}

/** CPU seconds, user and system, that a process has used so far. */
export function cpuSeconds(pid) {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
    return { user: fields[11] / TICKS, system: fields[12] / TICKS };
}

/** CPU seconds that all processes of the machine have used so far. */
export function machineSeconds() {
    const [, user, nice, system, , , interrupt, soft] = readFileSync("/proc/stat", "utf8").split("\n")[0].split(/\s+/);
    return [user, nice, system, interrupt, soft].reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS;
}

/** Seconds that the machine's processors, together, have been idle so far. The kernel measures these, and samples the others. */
export function idleSeconds() {
    const [, , , , idle, waiting] = readFileSync("/proc/stat", "utf8").split("\n")[0].split(/\s+/);
    return (Number(idle) + Number(waiting)) / TICKS;
}

/** CPU seconds that this process and its ended children have used so far. */
export function ownSeconds() {
    const fields = readFileSync("/proc/self/stat", "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS;
}

/**
 * Starts nginx with the text of an http block; `main` stands outside of it; `env` is added to the environment. `lua-out`, `nginx` and `bench` are found under $prefix.
 * Resolves when `port` answers, which may take `patience` seconds.
 */
export async function start(http, { port, core, workers = 1, connections = 4096, patience = 10, main = "", env = {} }) {
    const prefix = mkdtempSync(join(tmpdir(), "openclaw-bench-"));
    mkdirSync(join(prefix, "run"));
    for (const folder of ["lua-out", "nginx", "bench"])
        cpSync(join(project, folder), join(prefix, folder), { recursive: true });
    execFileSync("chmod", ["-R", "a+rX", prefix]);
    writeFileSync(
        join(prefix, "nginx.conf"),
        `${head(workers, connections, main)} http { access_log off; ${paths} ${http} }`,
    );
    const binary = findNginx();
    const child = spawn("taskset", ["-c", String(core), binary, "-p", prefix, "-e", "stderr", "-c", "nginx.conf"], {
        stdio: ["ignore", "ignore", "inherit"],
        env: { ...process.env, ...env },
    });
    await until(() => answers(port), `an answer on port ${port}`, patience);
    const isWorker = (pid) => !readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("nginx: cache");
    // With a cache the master has other children, too, one of which ends after a minute.
    const workerPids = () =>
        execFileSync("pgrep", ["-P", String(child.pid)], { encoding: "utf8" })
            .trim()
            .split("\n")
            .map(Number)
            .filter(isWorker);
    return {
        prefix,
        pid: child.pid,
        workerPids,
        errors: () => readFileSync(join(prefix, "error.log"), "utf8"),
        stop: async () => {
            const ended = new Promise((resolve) => child.once("exit", resolve));
            child.kill("SIGTERM");
            await ended;
            rmSync(prefix, { recursive: true, force: true });
        },
    };
}
