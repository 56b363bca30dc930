import http from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { eventually } from "./support/eventually";
import { buildImage, GatewayContainer } from "./support/gateway_container";
import { Load } from "./support/load";
import { NativeNginx } from "./support/native_nginx";

const ROOT = "/openclaw/upstreams";

/** An inference node that takes 10 ms for a request, or holds it until it is told to let go. */
class Node {
    received = 0;
    active = 0;
    private held: (() => void)[] | undefined;

    private constructor(private readonly server: http.Server) {}

    static async start(): Promise<Node> {
        const server = http.createServer();
        const node = new Node(server);
        server.on("request", (_, answer) => node.take(answer));
        server.listen(0, "127.0.0.1");
        await new Promise((resolve) => server.once("listening", resolve));
        return node;
    }

    private take(answer: http.ServerResponse): void {
        this.received += 1;
        this.active += 1;
        let isActive = true;
        const leave = () => {
            if (isActive) this.active -= 1;
            isActive = false;
        };
        // Whoever asked may be gone before there is an answer.
        answer.once("close", leave);
        const finish = () => {
            leave();
            answer.end("answer");
        };
        if (this.held === undefined) setTimeout(finish, 10);
        else this.held.push(finish);
    }

    get address(): string {
        return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    }

    /** Requests that wait to be let go. */
    get holding(): number {
        return this.held?.length ?? 0;
    }

    hold(): void {
        this.held = [];
    }

    release(): void {
        const held = this.held ?? [];
        this.held = undefined;
        for (const finish of held) finish();
    }

    async [Symbol.asyncDispose](): Promise<void> {
        this.release();
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }
}

/**
 * The gateway over some nodes. `/seen` shows what the answering worker has in force: its nodes, and how many places the waiting room
 * has; it looks at nothing anew. `options`: further ones of the upstream, in Lua.
 */
function startGateway(nodes: readonly Node[], workers = 2, options = ""): Promise<NativeNginx> {
    const list = nodes.map(({ address }) => `"${address}"`).join(", ");
    return NativeNginx.start({
        workers,
        http: `
            keepalive_requests 1000000;
            include openclaw.conf;
            init_by_lua_block {
                local balancer = require("resty.openclaw.balancer")
                local create = balancer.create
                balancer.create = function(...)
                    cluster = create(...)
                    return cluster
                end
                require("resty.openclaw").setup {
                    upstreams = { cluster = { nodes = { ${list} }, policy = "round_robin", ${options} } },
                    routes = { work = { upstream = "cluster" } },
                }
            }
            upstream cluster {
                server 0.0.0.1;
                balancer_by_lua_block { require("resty.openclaw").balance() }
                keepalive 32;
            }`,
        server: `
            include errors.conf;
            include admin.conf;
            include proxy.conf;
            location = /work { set $openclaw_route work; include route.conf; proxy_pass http://cluster; }
            location = /metrics { content_by_lua_block { require("resty.openclaw").metrics_page() } }
            location = /seen {
                content_by_lua_block {
                    local nodes = {}
                    for _, peer in ipairs(cluster.pool.peers) do
                        nodes[peer.node.address] = peer.weight .. (peer.is_draining and " drain" or "")
                    end
                    local room = cluster:queue()
                    local concurrency = room and room.concurrency
                    ngx.print(require("cjson").encode({ pid = ngx.worker.pid(), nodes = nodes, concurrency = concurrency }))
                }
            }`,
    });
}

interface Shown {
    address: string;
    state: string;
    weight: number;
    drain: boolean;
    in_flight: number;
    changed: boolean;
}

async function call<T = Shown>(nginx: NativeNginx, method: string, rest: string, body?: object): Promise<T> {
    const init: RequestInit = { method, headers: { "Content-Type": "application/json" } };
    if (body !== undefined) init.body = JSON.stringify(body);
    const answer = await fetch(nginx.url(ROOT + rest), init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${rest}: ${text}`);
    return { ...JSON.parse(text), status: answer.status } as T;
}

function nodePath(node: Node | string): string {
    return `/cluster/nodes/${typeof node === "string" ? node : node.address}`;
}

interface Seen {
    pid: number;
    /** Address to weight, and whether it drains. */
    nodes: Record<string, string>;
    concurrency?: number;
}

/** A kept connection, and so always the same worker. */
class Connection {
    private readonly agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

    constructor(private readonly nginx: NativeNginx) {}

    get(pathname: string): Promise<string> {
        return new Promise((resolve, reject) => {
            const sent = http.get(this.nginx.url(pathname), { agent: this.agent, timeout: 10_000 }, (answer) => {
                const chunks: string[] = [];
                answer.setEncoding("utf8").on("error", reject);
                answer.on("data", (chunk: string) => chunks.push(chunk));
                answer.on("end", () => resolve(chunks.join("")));
            });
            sent.on("timeout", () => sent.destroy(new Error("no answer in time")));
            sent.on("error", reject);
        });
    }

    async seen(): Promise<Seen> {
        return JSON.parse(await this.get("/seen")) as Seen;
    }

    close(): void {
        this.agent.destroy();
    }
}

/** A connection to each of the workers. */
async function connectToAll(nginx: NativeNginx): Promise<Connection[]> {
    const pids = await nginx.workerPids();
    const found = new Map<number, Connection>();
    await eventually("there is a connection to every worker", async () => {
        const connection = new Connection(nginx);
        const { pid } = await connection.seen();
        if (found.has(pid)) connection.close();
        else found.set(pid, connection);
        return pids.every((worker) => found.has(worker));
    });
    return [...found.values()];
}

/** Resolves when every worker has this node in force so; with how long that took, in ms. */
async function agreed(connections: readonly Connection[], address: string, expected?: string): Promise<number> {
    const start = performance.now();
    await eventually(`all workers see ${address} ${expected}`, async () => {
        const all = await Promise.all(connections.map((connection) => connection.seen()));
        return all.every(({ nodes }) => nodes[address] === expected);
    });
    return performance.now() - start;
}

function inFlightMetric(page: string, address: string): number | undefined {
    const line = page.split("\n").find((text) => text.startsWith(`openclaw_node_in_flight{node="${address}"} `));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
}

test("every worker follows a change soon, though it has no requests", async () => {
    await using node = await Node.start();
    await using nginx = await startGateway([node], 4);
    const connections = await connectToAll(nginx);
    expect(connections.length).toBe(4);
    const times: number[] = [];
    for (let weight = 2; weight < 12; weight += 1) {
        expect((await call(nginx, "PUT", nodePath(node), { weight })).weight).toBe(weight);
        times.push(await agreed(connections, node.address, String(weight)));
    }
    // They look twice a second. The slowest may have had to wait for the machine.
    expect(Math.min(...times)).toBeLessThan(700);
    await call(nginx, "DELETE", nodePath(node));
    await agreed(connections, node.address, undefined);
    await call(nginx, "PUT", nodePath(node), { drain: true });
    await agreed(connections, node.address, "1 drain");
    await call(nginx, "DELETE", `${nodePath(node)}/changes`);
    await agreed(connections, node.address, "1");
    for (const connection of connections) connection.close();
    const log = await nginx.errorLog();
    expect(log).not.toMatch(/\[error\]|\[alert\]|\[crit\]/);
    const line = `admin: 127.0.0.1 changed node ${node.address} of upstream "cluster": weight 7,`;
    expect(log.split(line).length).toBe(2);
});

interface Room {
    concurrency: number;
    learned: boolean;
    changed: boolean;
    taken: number;
    classes: { name: string; waiting: number }[];
}

test("a change of a waiting room reaches all workers at once, and requests that wait go on", async () => {
    await using node = await Node.start();
    await using nginx = await startGateway([node], 4, "queue = { concurrency = 1, wait_seconds = 60 }");
    const connections = await connectToAll(nginx);
    const places = async () =>
        (await Promise.all(connections.map((each) => each.seen()))).map((seen) => seen.concurrency);
    expect(await places()).toEqual([1, 1, 1, 1]);

    const senders = await connectToAll(nginx);
    node.hold();
    // One in each worker, and the first has the place: of workers that look at the same moment each may take it.
    const [first, ...others] = senders as [Connection, ...Connection[]];
    const answers = [first.get("/work")];
    const room = () => call<Room>(nginx, "GET", "/cluster/queue");
    await eventually("the first has the place", () => node.holding === 1);
    for (const sender of others) answers.push(sender.get("/work"));
    await eventually("three wait", async () => {
        const { taken, classes } = await room();
        return taken === 1 && classes[0]?.waiting === 3;
    });
    expect(node.holding).toBe(1);
    const changed = await call<Room>(nginx, "PUT", "/cluster/queue", { concurrency: 3 });
    expect(changed).toMatchObject({ concurrency: 3, learned: false, changed: true });
    expect(await places()).toEqual([3, 3, 3, 3]);
    await eventually("two of them go on", () => node.holding === 3);
    expect(await room()).toMatchObject({ taken: 3, classes: [{ name: "standard", waiting: 1 }] });
    await call(nginx, "PUT", "/cluster/queue", { concurrency: 20 });
    await eventually("the last one goes on", () => node.holding === 4);
    expect((await call<{ queue: Room }>(nginx, "GET", "/cluster")).queue).toMatchObject({ concurrency: 20, taken: 4 });

    const back = await call<Room>(nginx, "DELETE", "/cluster/queue/changes");
    expect(back).toMatchObject({ concurrency: 1, changed: false, taken: 4 });
    expect(await places()).toEqual([1, 1, 1, 1]);
    node.release();
    expect(await Promise.all(answers)).toEqual(["answer", "answer", "answer", "answer"]);
    await eventually("all places are free", async () => (await room()).taken === 0);
    for (const each of [...connections, ...senders]) each.close();
    const log = await nginx.errorLog();
    expect(log).toContain('admin: 127.0.0.1 changed the queue of upstream "cluster": concurrency 3');
    expect(log).toContain('admin: 127.0.0.1 took back the changes of the queue of upstream "cluster"');
    expect(log).not.toMatch(/\[error\]|\[alert\]|\[crit\]/);
});

test("requests follow weights", async () => {
    await using one = await Node.start();
    await using other = await Node.start();
    await using nginx = await startGateway([one, other]);
    const connections = await connectToAll(nginx);
    await call(nginx, "PUT", nodePath(other), { weight: 3 });
    await agreed(connections, other.address, "3");
    const [connection] = connections;
    for (let sent = 0; sent < 80; sent += 1) expect(await connection?.get("/work")).toBe("answer");
    expect([one.received, other.received]).toEqual([20, 60]);
    for (const each of connections) each.close();
});

test("a node that drains under load finishes what it has and gets nothing new", async () => {
    await using one = await Node.start();
    await using other = await Node.start();
    await using nginx = await startGateway([one, other]);
    const connections = await connectToAll(nginx);
    await using load = new Load(nginx.url("/work"), 8);
    await eventually("both have work", () => one.received > 20 && other.received > 20);
    other.hold();
    await eventually("it has some in hand", () => other.holding >= 3);
    await call(nginx, "PUT", nodePath(other), { drain: true });
    await agreed(connections, other.address, "1 drain");
    await eventually("what was on its way has arrived", async () => {
        const shown = await call(nginx, "GET", nodePath(other));
        return shown.in_flight === other.active;
    });
    const received = other.received;
    const shown = await call(nginx, "GET", nodePath(other));
    expect(shown).toMatchObject({ state: "draining", in_flight: other.active, changed: true });
    expect(shown.in_flight).toBeGreaterThanOrEqual(3);
    const before = load.count(200);
    await eventually("the other goes on", () => load.count(200) > before + 100);
    other.release();
    await eventually("it has finished", async () => (await call(nginx, "GET", nodePath(other))).in_flight === 0);
    const after = load.count(200);
    await eventually("the other goes on", () => load.count(200) > after + 100);
    expect(other.received).toBe(received);
    await call(nginx, "PUT", nodePath(other), { drain: false });
    await eventually("it has work again", () => other.received > received + 20);
    await load.stop();
    expect([...load.statuses.keys()]).toEqual([200]);
    expect(load.errors).toBe(0);
    for (const connection of connections) connection.close();
});

test("a node is added under load", async () => {
    await using one = await Node.start();
    await using added = await Node.start();
    await using nginx = await startGateway([one]);
    await using load = new Load(nginx.url("/work"), 4);
    await eventually("there is work", () => one.received > 20);
    expect(await call(nginx, "PUT", nodePath(added), {})).toMatchObject({ status: 201, weight: 1, changed: true });
    await eventually("it has its part", () => added.received > 50);
    await load.stop();
    expect([...load.statuses.keys()]).toEqual([200]);
    expect(load.errors).toBe(0);
});

test("a node is removed under load, and is seen until its last request is done", async () => {
    await using one = await Node.start();
    await using other = await Node.start();
    await using nginx = await startGateway([one, other]);
    const connections = await connectToAll(nginx);
    await using load = new Load(nginx.url("/work"), 8);
    await eventually("both have work", () => one.received > 20 && other.received > 20);
    other.hold();
    await eventually("it has some in hand", () => other.holding >= 3);
    await call(nginx, "DELETE", nodePath(other));
    await agreed(connections, other.address, undefined);
    await eventually("its metric tells what it has", async () => {
        return inFlightMetric(await nginx.get("/metrics"), other.address) === other.active;
    });
    const received = other.received;
    const before = load.count(200);
    await eventually("the other goes on", () => load.count(200) > before + 100);
    expect(other.received).toBe(received);
    other.release();
    await eventually("its metric is gone", async () => {
        const page = await nginx.get("/metrics");
        return inFlightMetric(page, other.address) === undefined && inFlightMetric(page, one.address) !== undefined;
    });
    await load.stop();
    expect(other.received).toBe(received);
    expect([...load.statuses.keys()]).toEqual([200]);
    expect(load.errors).toBe(0);
    for (const connection of connections) connection.close();
});

function slotsOfNodes(page: string): number {
    return Number(/^openclaw_shared_memory_slots\{area="nodes",state="used"\} (\d+)$/m.exec(page)?.[1]);
}

test("nodes come and go under load, and a worker is killed: their memory comes back", async () => {
    await using stays = await Node.start();
    await using nginx = await startGateway([stays]);
    await using load = new Load(nginx.url("/work"), 8);
    await eventually("there is work", () => stays.received > 20);
    const slots = slotsOfNodes(await nginx.get("/metrics"));
    expect(slots).toBeGreaterThan(0);
    const gone: string[] = [];
    for (let round = 0; round < 3; round += 1) {
        await using passing = await Node.start();
        gone.push(passing.address);
        await call(nginx, "PUT", nodePath(passing), {});
        await eventually("it has work", () => passing.received > 20);
        passing.hold();
        await eventually("it has some in hand", () => passing.holding >= 3);
        expect(slotsOfNodes(await nginx.get("/metrics"))).toBeGreaterThan(slots);
        await call(nginx, "DELETE", nodePath(passing));
        if (round === 2) {
            const pids = await nginx.workerPids();
            nginx.kill(pids[0] as number, "SIGKILL");
            await eventually("another worker has taken its place", async () => {
                const now = await nginx.workerPids();
                return now.length === 2 && !now.includes(pids[0] as number);
            });
        }
        await eventually("its metric tells what it has", async () => {
            const shown = inFlightMetric(await nginx.get("/metrics"), passing.address) ?? 0;
            return shown === passing.active;
        });
        passing.release();
        await eventually("it has finished", async () => {
            return (inFlightMetric(await nginx.get("/metrics"), passing.address) ?? 0) === 0;
        });
    }
    await load.stop();
    expect(load.count(200)).toBe(load.answers);
    // What the killed worker had in hand got no answer.
    expect(load.errors).toBeLessThanOrEqual(load.concurrency);
    // Half a minute after the last one let go.
    await eventually("all slots are back", async () => slotsOfNodes(await nginx.get("/metrics")) === slots);
    const page = await nginx.get("/metrics");
    for (const address of gone) expect(page).not.toContain(address);
    expect(inFlightMetric(page, stays.address)).toBe(0);
});

test("without any node left requests get 503, until one is back", async () => {
    await using node = await Node.start();
    await using nginx = await startGateway([node]);
    const status = async () => (await fetch(nginx.url("/work"))).status;
    expect(await status()).toBe(200);
    await call(nginx, "DELETE", nodePath(node));
    await eventually("nobody has a node", async () => (await status()) === 503);
    await call(nginx, "DELETE", `${nodePath(node)}/changes`);
    await eventually("there is one again", async () => (await status()) === 200);
});

test("changes survive a reload under load, not a restart", async () => {
    await using one = await Node.start();
    await using other = await Node.start();
    await using added = await Node.start();
    {
        await using nginx = await startGateway([one, other]);
        await call(nginx, "PUT", nodePath(one), { weight: 2 });
        await call(nginx, "DELETE", nodePath(other));
        await call(nginx, "PUT", nodePath(added), { weight: 3 });
        const connections = await connectToAll(nginx);
        await agreed(connections, added.address, "3");
        await agreed(connections, other.address, undefined);
        for (const connection of connections) connection.close();
        const received = other.received;
        await using load = new Load(nginx.url("/work"), 4);
        await eventually("there is work", () => load.count(200) > 50);
        await nginx.reload();
        const before = load.count(200);
        await eventually("the new workers have answered", () => load.count(200) > before + 100);
        await load.stop();
        const { nodes } = await call<{ nodes: Shown[] }>(nginx, "GET", "/cluster");
        expect(nodes).toMatchObject([
            { address: one.address, weight: 2, changed: true },
            { address: added.address, weight: 3, changed: true },
        ]);
        expect(nodes.length).toBe(2);
        expect(other.received).toBe(received);
        expect([...load.statuses.keys()]).toEqual([200]);
    }
    await using again = await startGateway([one, other]);
    const { nodes } = await call<{ nodes: Shown[] }>(again, "GET", "/cluster");
    expect(nodes).toMatchObject([
        { address: one.address, weight: 1, changed: false },
        { address: other.address, weight: 1, changed: false },
    ]);
    expect(nodes.length).toBe(2);
});

test("of many changes at one moment none is lost", async () => {
    await using node = await Node.start();
    await using nginx = await startGateway([node], 4);
    const connections = await connectToAll(nginx);
    const addresses = Array.from({ length: 200 }, (_, index) => `10.0.0.${index + 1}:8000`);
    await Promise.all(addresses.map((address) => call(nginx, "PUT", nodePath(address), { drain: true })));
    for (const address of addresses) await agreed(connections, address, "1 drain");
    await Promise.all(addresses.map((address) => call(nginx, "DELETE", nodePath(address))));
    for (const address of addresses) await agreed(connections, address, undefined);
    await agreed(connections, node.address, "1");
    for (const connection of connections) connection.close();
});

test("clients on other machines need the token", async () => {
    const token = "0123456789abcdef0123456789abcdef";
    const config = (admin: string) => `
worker_processes 1;
pid run/nginx.pid;
error_log stderr notice;
events { worker_connections 64; }
http {
    lua_package_path "$prefix/lua-out/?.lua;;";
    include ../nginx/openclaw.conf;
    init_by_lua_block {
        require("resty.openclaw").setup {
            upstreams = { cluster = { nodes = { "10.0.1.10:8000" } } },
            admin = { ${admin} },
        }
    }
    server { listen 8080; include ../nginx/errors.conf; include ../nginx/admin.conf; }
}
`;
    const image = await buildImage();
    // With a Host header that a program on the gateway's machine would send.
    const ask = (url: string, headers: Record<string, string> = {}) =>
        new Promise<string>((resolve, reject) => {
            const sent = http.get(url, { agent: false, headers: { Host: "localhost", ...headers } }, (answer) => {
                answer.setEncoding("utf8").on("data", (body: string) => resolve(`${answer.statusCode} ${body}`));
            });
            sent.on("error", reject);
        });
    {
        await using gateway = await new GatewayContainer(image).withConfig(config("")).start();
        expect(await ask(gateway.url(ROOT))).toMatch(/^403 .*the request comes from another one/);
        expect(await ask(gateway.url(ROOT), { Authorization: `Bearer ${token}` })).toMatch(/^403 /);
        const script = `exec 3<>/dev/tcp/127.0.0.1/8080; printf 'GET ${ROOT} HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3`;
        const { output } = await gateway.exec(["bash", "-c", script]);
        expect(output).toMatch(/^HTTP\/1\.1 200 /);
    }
    await using gateway = await new GatewayContainer(image).withConfig(config(`token = "${token}"`)).start();
    expect(await ask(gateway.url(ROOT))).toMatch(/^401 /);
    expect(await ask(gateway.url(ROOT), { Authorization: `Bearer ${token}` })).toMatch(/^200 /);
    expect(gateway.log()).not.toContain(token);
});
