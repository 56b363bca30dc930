import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { CHECKOUT, run } from "./support/checkout";
import { eventually } from "./support/eventually";
import { freePort } from "./support/free_port";
import { CREDENTIALS, GuardedRedis } from "./support/guarded_redis";
import { Load } from "./support/load";
import { NativeNginx } from "./support/native_nginx";
import { ServerProcess } from "./support/process";

/** A server that pushes what it is asked to, to this sink, a table in Lua; and records its requests to /work. */
function pushingNginx(sink: string, options = ""): Promise<NativeNginx> {
    return NativeNginx.start({
        http: `
            lua_socket_log_errors off;
            lua_ssl_trusted_certificate ${CHECKOUT}/spec/support/tls/ca.pem;
            lua_ssl_verify_depth 2;
            init_by_lua_block {
                post_action = require("resty.openclaw.post_action").new({
                    sink = ${sink}, batch_seconds = 0.05,
                    ${options}
                })
            }
            init_worker_by_lua_block { post_action:init_worker() }
            exit_worker_by_lua_block { post_action:exit_worker() }`,
        server: `
            location = /push {
                content_by_lua_block { ngx.say(tostring(post_action:push(ngx.unescape_uri(ngx.var.arg_line)))) }
            }
            location = /work {
                content_by_lua_block { ngx.say("done") }
                log_by_lua_block { post_action:log() }
            }`,
    });
}

async function folder(): Promise<string> {
    const made = await mkdtemp(path.join(tmpdir(), "openclaw-sinks-"));
    onTestFinished(() => rm(made, { recursive: true, force: true }));
    return made;
}

interface Rsyslog {
    readonly server: ServerProcess;
    readonly udp: number;
    readonly tcp: number;
    /** The messages so far, taken apart. */
    lines(): Promise<string[]>;
    /** Another one of the same configuration. */
    again(): ServerProcess;
}

/** A rsyslogd that writes what it understands of each message to a file. */
async function startRsyslog(): Promise<Rsyslog> {
    const place = await folder();
    const [udp, tcp] = [await freePort(), await freePort()];
    const written = path.join(place, "written.log");
    await writeFile(
        path.join(place, "rsyslog.conf"),
        `
        global(workDirectory="${place}" maxMessageSize="64k")
        module(load="imudp")
        module(load="imtcp")
        input(type="imudp" address="127.0.0.1" port="${udp}")
        input(type="imtcp" address="127.0.0.1" port="${tcp}")
        template(name="parts" type="string"
            string="%syslogfacility-text%.%syslogseverity-text%|%hostname%|%app-name%|%procid%|%msgid%|%structured-data%|%msg%\\n")
        action(type="omfile" file="${written}" template="parts")
        `,
    );
    const again = () =>
        ServerProcess.start("rsyslogd", "-n", "-f", `${place}/rsyslog.conf`, "-i", `${place}/rsyslog.pid`);
    const lines = async () => {
        const text = await readFile(written, "utf8").catch(() => "");
        // It has something to say about itself, too.
        return text.split("\n").filter((line) => line.includes("|pond|"));
    };
    return { server: again(), udp, tcp, lines, again };
}

test.for(["udp", "tcp"] as const)("rsyslog understands syslog messages over %s", async (protocol) => {
    const rsyslog = await startRsyslog();
    await using _ = rsyslog.server;
    await using nginx = await pushingNginx(`{
        type = "syslog", protocol = "${protocol}", host = "127.0.0.1", port = ${rsyslog[protocol]}, hostname = "pond",
        facility = "local3", severity = "notice", max_bytes = 60000,
    }`);
    const pids = await nginx.workerPids();
    const entries = ["plain", '{"a b":"\\n\\u00e9é"}', "x".repeat(3000), "10 <13>1 looks like a frame"];
    // Datagrams that come before it listens are lost.
    await eventually("rsyslog listens", async () => {
        await nginx.get("/push?line=ready");
        return (await rsyslog.lines()).length > 0;
    });
    for (const entry of entries) await nginx.get(`/push?line=${encodeURIComponent(entry)}`);
    const sent = async () => (await rsyslog.lines()).filter((line) => !line.endsWith("ready"));
    await eventually("all have come", async () => (await sent()).length === entries.length);
    const messages = new Set<string>();
    for (const line of await sent()) {
        const [priority, hostname, name, pid, id, data, ...message] = line.split("|");
        expect([priority, hostname, name, id, data]).toEqual(["local3.notice", "pond", "openclaw", "-", "-"]);
        expect(pids).toContain(Number(pid));
        messages.add(message.join("|").trimStart());
    }
    expect(messages).toEqual(new Set(entries));
});

test("syslog over TCP goes on with a receiver that is restarted", async () => {
    const rsyslog = await startRsyslog();
    await using nginx = await pushingNginx(`{
        type = "syslog", protocol = "tcp", host = "127.0.0.1", port = ${rsyslog.tcp}, hostname = "pond",
    }`);
    await nginx.get("/push?line=first");
    await eventually("the first has come", async () => (await rsyslog.lines()).length === 1);
    await rsyslog.server.stop();
    await nginx.get("/push?line=second");
    await using _ = rsyslog.again();
    await eventually("the second has come", async () => (await rsyslog.lines()).length === 2);
});

/** What writes to logs needs no more. */
const RIGHTS = "~log* +xadd +select";

test("entries follow their key through a cluster of Redis, and are held while nobody has it", async () => {
    const ports = [await freePort(), await freePort()];
    async function startNode(port: number | undefined): Promise<ServerProcess> {
        const place = await folder();
        // The port between the nodes is 10,000 higher unless told otherwise, which may be none.
        const bus = await freePort();
        const options = ["--port", port, "--cluster-port", bus, "--bind", "127.0.0.1", "--dir", place];
        const words = options.map(String);
        const server = ServerProcess.start("redis-server", ...words, "--cluster-enabled", "yes", "--save", "");
        return server;
    }
    await using first = await startNode(ports[0]);
    await using second = await startNode(ports[1]);
    for (const server of [first, second])
        await eventually("redis is ready", () => server.log.includes("Ready to accept connections"));
    const cli = (index: number, ...words: string[]) => run("redis-cli", "-p", String(ports[index]), ...words);
    const bus = (await cli(1, "config", "get", "cluster-port")).trim().split("\n")[1] ?? "";
    await cli(0, "cluster", "meet", "127.0.0.1", String(ports[1]), bus);
    const own = (await cli(0, "cluster", "keyslot", "log")).trim();
    await using nginx = await pushingNginx(
        `{ type = "redis_stream", key = "log", hosts = { "127.0.0.1:${ports[0]}", "127.0.0.1:${ports[1]}" } }`,
    );
    // Nobody has the slot: CLUSTERDOWN.
    await nginx.get("/push?line=early");
    await eventually("it is held", async () => (await nginx.errorLog()).includes("CLUSTERDOWN"));
    // The second has all slots.
    await cli(1, "cluster", "addslotsrange", "0", "16383");
    const length = async (index: number) => Number(await cli(index, "xlen", "log"));
    await eventually("it has come", async () => (await length(1)) === 1);
    // The slot moves to the first while it is written to.
    const [firstId, secondId] = [(await cli(0, "cluster", "myid")).trim(), (await cli(1, "cluster", "myid")).trim()];
    await cli(0, "cluster", "setslot", own, "importing", secondId);
    await cli(1, "cluster", "setslot", own, "migrating", firstId);
    await nginx.get("/push?line=amid");
    await eventually("it is where the key is", async () => (await length(1)) === 2);
    await cli(1, "migrate", "127.0.0.1", String(ports[0]), "log", "0", "5000");
    await nginx.get("/push?line=asked");
    const streamed = async () =>
        run("sh", "-c", `printf 'ASKING\nXLEN log\n' | redis-cli -p ${String(ports[0])} | tail -n 1`);
    // An entry whose answer is late comes once more.
    await eventually("it has come by ASK", async () => Number(await streamed()) >= 3);
    const before = Number(await streamed());
    await cli(0, "cluster", "setslot", own, "node", firstId);
    await cli(1, "cluster", "setslot", own, "node", firstId);
    await nginx.get("/push?line=moved");
    await eventually("it has come by MOVED", async () => (await length(0)) > before);
    expect(await nginx.errorLog()).not.toContain("dropped");
});

interface Entry {
    line: string;
    id: string;
}

async function streamOf(redis: GuardedRedis, key: string): Promise<Entry[]> {
    const found = JSON.parse(await redis.cli("--json", "xrange", key, "-", "+")) as [string, string[]][];
    return found.map(([, words]) => {
        const fields: Record<string, string> = {};
        for (let at = 0; at + 1 < words.length; at += 2) fields[words[at] ?? ""] = words[at + 1] ?? "";
        return { line: fields.line ?? "", id: fields.id ?? "" };
    });
}

test("records go to a stream of Redis that is restarted meanwhile", async () => {
    const place = await folder();
    await run("chmod", "755", place);
    await using redis = await GuardedRedis.start(place, RIGHTS);
    await using nginx = await pushingNginx(
        `{ type = "redis_stream", port = ${redis.port}, key = "log", ${CREDENTIALS} }`,
    );
    await using load = new Load(nginx.url("/work"));
    await eventually("some records have come", async () => (await streamOf(redis, "log")).length > 300);
    await redis.stop();
    const before = load.count(200);
    await eventually("records wait", () => load.count(200) > before + 200);
    await redis.startAgain();
    await load.stop();
    const ids = async () => new Set((await streamOf(redis, "log")).map(({ id }) => id));
    await eventually("every record has come", async () => (await ids()).size >= load.count(200), 60_000);
    for (const { line, id } of await streamOf(redis, "log")) expect((JSON.parse(line) as { id: string }).id).toBe(id);
});

test("Redis is reached over TLS and over a unix socket, and what is for a key of another type is kept when it is given up", async () => {
    const place = await folder();
    await run("chmod", "755", place);
    await using redis = await GuardedRedis.start(place, RIGHTS);
    {
        await using nginx = await pushingNginx(
            `{ type = "redis_stream", port = ${redis.tlsPort}, ssl = true, ssl_server_name = "sink.test", key = "log:tls", ${CREDENTIALS} }`,
        );
        await nginx.get("/push?line=secure");
        await eventually("it has come", async () => (await streamOf(redis, "log:tls"))[0]?.line === "secure");
    }
    {
        await using nginx = await pushingNginx(
            `{ type = "redis_stream", path = "${redis.socket}", key = "log:unix", ${CREDENTIALS} }`,
        );
        await nginx.get("/push?line=local");
        await eventually("it has come", async () => (await streamOf(redis, "log:unix"))[0]?.line === "local");
    }
    {
        await redis.cli("set", "log:text", "x");
        const letters = await folder();
        await run("chmod", "777", letters);
        await using nginx = await pushingNginx(
            `{ type = "redis_stream", port = ${redis.port}, key = "log:text", ${CREDENTIALS} }`,
            `dead_letter = "${letters}/dead_letter", retry_seconds = 0.5`,
        );
        await nginx.get("/push?line=refused");
        await eventually(
            "it is kept",
            async () => (await readFile(`${letters}/dead_letter`, "utf8").catch(() => "")) === "refused\n",
        );
        expect(await nginx.errorLog()).toContain("WRONGTYPE");
        expect(await nginx.errorLog()).not.toContain("secret");
    }
});

test("one bad entry of many does not take the others with it, over HTTP with gzip", async () => {
    const taken: string[] = [];
    const server = http.createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
            const lines = JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()) as { name: string }[];
            if (lines.some(({ name }) => name.startsWith("bad"))) response.statusCode = 400;
            else taken.push(...lines.map(({ name }) => name));
            response.end();
        });
    });
    server.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    onTestFinished(() => void server.close());
    const letters = await folder();
    await run("chmod", "777", letters);
    await using nginx = await pushingNginx(
        `{ type = "http", url = "http://127.0.0.1:${(server.address() as AddressInfo).port}/", gzip = true, format = "json_array" }`,
        `dead_letter = "${letters}/dead_letter"`,
    );
    for (let count = 0; count < 40; count += 1) {
        const name = count % 20 === 7 ? `bad ${count}` : `good ${count}`;
        await nginx.get(`/push?line=${encodeURIComponent(JSON.stringify({ name }))}`);
    }
    await eventually("all good ones have come", () => taken.length === 38);
    expect(new Set(taken).size).toBe(38);
    await eventually(
        "the bad ones are kept",
        async () => (await readFile(`${letters}/dead_letter`, "utf8").catch(() => "")).split("\n").length === 3,
    );
    server.closeAllConnections();
});
