import { describe, expect, test } from "vitest";
import { CHECKOUT } from "./support/checkout";
import { eventually } from "./support/eventually";
import { Load } from "./support/load";
import { NativeNginx } from "./support/native_nginx";
import { NodeProcess, startNodeProcesses } from "./support/node_process";
import { behave, order, seenBy } from "./support/obedient_node";
import { inFlightOf, parseMetrics, stateOf } from "./support/scenario";
import { Streamed } from "./support/streamed";

const PHOTOGRAPH = Buffer.alloc(20_000, "x");

function list(nodes: NodeProcess[]): string {
    return nodes.map(({ address }) => `"${address}"`).join(", ");
}

interface GatewayOptions {
    /** The only node of a fallback. */
    light?: NodeProcess;
    policy?: string;
}

/** A gateway before a cluster. POST goes on to another node. */
function startGateway(nodes: NodeProcess[], { light, policy = "xed" }: GatewayOptions = {}): Promise<NativeNginx> {
    const fallback = light === undefined ? "nil" : `balancer.new { name = "light", nodes = { "${light.address}" } }`;
    return NativeNginx.start({
        http: `
            lua_socket_log_errors off;
            init_by_lua_block {
                local balancer = require("resty.openclaw.balancer")
                cluster = balancer.new {
                    name = "cluster",
                    nodes = { ${list(nodes)} },
                    policy = "${policy}",
                    health_check = { uri = "/health", interval = 0.5, timeout = 0.5, fails = 3, passes = 2 },
                    fallback = ${fallback},
                }
                metrics = require("resty.openclaw.metrics").new()
            }
            include ${CHECKOUT}/nginx/standalone.conf;
            init_worker_by_lua_block { cluster:init_worker() }
            exit_worker_by_lua_block { cluster:exit_worker() }
            log_by_lua_block { cluster:log() }
            upstream cluster {
                server 0.0.0.1;
                balancer_by_lua_block { cluster:balance() }
                keepalive 32;
            }`,
        server: `
            include ${CHECKOUT}/nginx/errors.conf;
            include ${CHECKOUT}/nginx/proxy.conf;
            client_body_buffer_size 1m;
            location / {
                include ${CHECKOUT}/nginx/retry_post.conf;
                proxy_read_timeout 2s;
                header_filter_by_lua_block { cluster:header_filter() }
                add_header X-OpenClaw-Degraded $openclaw_degraded always;
                proxy_pass http://cluster;
            }
            location = /metrics { content_by_lua_block { metrics:page() } }
            location = /load {
                content_by_lua_block {
                    local load = 0
                    for _, peer in ipairs(cluster.pool.peers) do
                        load = load + require("resty.openclaw.balancer.node").load(peer.node)
                    end
                    ngx.print(load)
                }
            }
            location = /add { content_by_lua_block { ngx.print(cluster:change(ngx.var.arg_address, {})) } }`,
    });
}

async function samplesOf(gateway: NativeNginx): Promise<Map<string, number>> {
    return parseMetrics(await gateway.get("/metrics"));
}

/** Waits until nothing is counted as going on: neither requests, nor those that wait for their answer to begin. */
async function awaitIdle(gateway: NativeNginx): Promise<void> {
    await eventually("nothing is in flight", async () => inFlightOf(await samplesOf(gateway)) === 0);
    await eventually("nothing is awaited", async () => (await gateway.get("/load")) === "0");
}

/** Clients that post without end. */
function startLoad(gateway: NativeNginx, concurrency = 8): Load {
    return new Load(gateway.url("/api/analyze"), concurrency, { body: PHOTOGRAPH, resends: true });
}

/** Resolves when so many more answers have come. */
async function awaitAnswers(load: Load, count: number): Promise<void> {
    const before = load.answers;
    await eventually(`${count} more answers`, () => load.answers >= before + count);
}

/** The share of the next requests that come to a node. */
async function shareOf(node: NodeProcess, load: Load, answers = 300): Promise<number> {
    const [before, began] = [(await seenBy(node)).requests, load.answers];
    await awaitAnswers(load, answers);
    return ((await seenBy(node)).requests - before) / (load.answers - began);
}

async function awaitOut(node: NodeProcess, gateway: NativeNginx): Promise<void> {
    await eventually("it is out", async () => stateOf(await samplesOf(gateway), "cluster", node) === "down");
}

/** Stops the load; each of its requests must have been answered well, and none be counted as going on. */
async function expectNoHarm(load: Load, gateway: NativeNginx): Promise<void> {
    await load.stop();
    expect([...load.reasons]).toEqual([]);
    expect([...load.statuses.keys()]).toEqual([200]);
    await awaitIdle(gateway);
}

test("a node that is killed costs no request, and gets some soon after it is back", async () => {
    await using nodes = await startNodeProcesses({ delay: 0.02 }, { delay: 0.02 }, { delay: 0.02 });
    await using gateway = await startGateway(nodes);
    await using load = startLoad(gateway);
    const victim = nodes[1] as NodeProcess;
    for (let round = 0; round < 2; round += 1) {
        await eventually("it gets requests", async () => (await seenBy(victim)).requests > 50);
        await victim.kill();
        await awaitAnswers(load, 500);
        await awaitOut(victim, gateway);
        await victim.startAgain({ delay: 0.02 });
    }
    await eventually("it gets its share again", async () => (await shareOf(victim, load)) > 0.15);
    await expectNoHarm(load, gateway);
});

test("a node that hangs costs no request, and gets some when it has woken up", async () => {
    await using nodes = await startNodeProcesses({ delay: 0.02 }, { delay: 0.02 });
    await using gateway = await startGateway(nodes);
    await using load = startLoad(gateway);
    const victim = nodes[0] as NodeProcess;
    await eventually("it gets requests", async () => (await seenBy(victim)).requests > 50);
    victim.hang();
    await awaitOut(victim, gateway);
    await awaitAnswers(load, 200);
    victim.wakeUp();
    const { requests } = await seenBy(victim);
    await eventually("it gets requests again", async () => (await seenBy(victim)).requests > requests + 100);
    await expectNoHarm(load, gateway);
});

test("a node that fails at once gets next to nothing, though it passes its checks", async () => {
    await using nodes = await startNodeProcesses({ delay: 0.02 }, { delay: 0.02 }, { delay: 0.02 });
    await using gateway = await startGateway(nodes);
    await using load = startLoad(gateway);
    const hole = nodes[2] as NodeProcess;
    await awaitAnswers(load, 100);
    await behave(hole, { status: 503 });
    await eventually("it is found out", async () => (await shareOf(hole, load)) < 0.01);
    expect(await shareOf(hole, load, 1500)).toBeLessThan(0.01);
    await expectNoHarm(load, gateway);
});

test("a node that becomes ten times slower gets less, until it is as fast as before", async () => {
    await using nodes = await startNodeProcesses({ delay: 0.02 }, { delay: 0.02 }, { delay: 0.02 });
    await using gateway = await startGateway(nodes);
    await using load = startLoad(gateway);
    const node = nodes[0] as NodeProcess;
    await eventually("it gets its share", async () => (await shareOf(node, load)) > 0.2);
    await behave(node, { delay: 0.2 });
    await eventually("its share has fallen", async () => (await shareOf(node, load)) < 0.1);
    await behave(node, { delay: 0.02 });
    // The longer it was slow, the longer that is remembered: a minute at most.
    await eventually("its share has come back", async () => (await shareOf(node, load)) > 0.2, 90_000);
    await expectNoHarm(load, gateway);
}, 300_000);

test.for(["xed", "least_conn"])("a node that is added cold is loaded with care by %s", async (policy) => {
    await using nodes = await startNodeProcesses({ delay: 0.02 }, { delay: 0.02 });
    await using cold = await NodeProcess.start({ delay: 0.3 });
    await using gateway = await startGateway(nodes, { policy });
    await using load = startLoad(gateway, 32);
    await eventually("the others are at work", async () => {
        const seen = await Promise.all(nodes.map(seenBy));
        return seen.every(({ answers }) => answers > 200);
    });
    expect(await gateway.get(`/add?address=${cold.address}`)).toBe("true");
    await eventually("it has answered", async () => (await seenBy(cold)).answers > 0);
    // XED takes a while to believe that it is fast now; by then the test would be long over.
    await behave(cold, { delay: 0.02 });
    if (policy === "least_conn") {
        await eventually("it gets its share", async () => (await shareOf(cold, load)) > 0.2);
    }
    // Four more than it has answered, and one that the other worker sends at the same moment.
    expect((await seenBy(cold)).most_ahead).toBeLessThanOrEqual(5);
    await expectNoHarm(load, gateway);
});

test("when all nodes are killed the fallback answers, until they are back", async () => {
    await using nodes = await startNodeProcesses({ delay: 0.02 }, { delay: 0.02 }, { delay: 0.02 });
    await using light = await NodeProcess.start({ delay: 0.005 });
    await using gateway = await startGateway(nodes, { light });
    await using load = startLoad(gateway);
    await awaitAnswers(load, 100);
    expect(load.degraded).toBe(0);
    await Promise.all(nodes.map((node) => node.kill()));
    await eventually("the fallback answers all", async () => {
        const [answers, degraded] = [load.answers, load.degraded];
        await awaitAnswers(load, 100);
        return load.answers - answers === load.degraded - degraded;
    });
    await Promise.all(nodes.map((node) => node.startAgain({ delay: 0.02 })));
    await eventually(
        "the cluster answers all",
        async () => {
            const degraded = load.degraded;
            await awaitAnswers(load, 100);
            return load.degraded === degraded;
        },
        60_000,
    );
    await expectNoHarm(load, gateway);
});

test("twenty reloads under load cost no request", async () => {
    await using nodes = await startNodeProcesses({ delay: 0.02 }, { delay: 0.02 }, { delay: 0.02 });
    await using gateway = await startGateway(nodes);
    await using load = startLoad(gateway);
    for (let reload = 0; reload < 20; reload += 1) {
        await gateway.reload();
        await awaitAnswers(load, 150);
    }
    await expectNoHarm(load, gateway);
    expect(await gateway.errorLog()).not.toMatch(/\[(alert|crit|emerg|error)\]/);
    await eventually("all nodes are idle", async () => {
        return (await Promise.all(nodes.map(seenBy))).every(({ waiting }) => waiting === 0);
    });
});

describe("streams", () => {
    /** A stream whose first piece has come. */
    async function openStream(gateway: NativeNginx): Promise<Streamed> {
        const stream = await Streamed.open(gateway.url("/stream?type=text/event-stream"));
        await stream.until("piece 1\n");
        return stream;
    }

    test("whose node is killed break off, and are not counted any longer", async () => {
        await using nodes = await startNodeProcesses({});
        const node = nodes[0] as NodeProcess;
        await using gateway = await startGateway(nodes);
        const streams = await Promise.all(Array.from({ length: 6 }, () => openStream(gateway)));
        expect(inFlightOf(await samplesOf(gateway))).toBe(6);
        expect(await gateway.get("/load")).toBe("0");
        await node.kill();
        for (const stream of streams) await expect(stream.rest()).rejects.toThrow();
        await awaitIdle(gateway);
        await node.startAgain();
        await eventually("the node is used again", async () => {
            return (await fetch(gateway.url("/api/analyze"), { method: "POST", body: "x" })).status === 200;
        });
    });

    test("go on over a reload, and are counted until they end", async () => {
        await using nodes = await startNodeProcesses({});
        const node = nodes[0] as NodeProcess;
        await using gateway = await startGateway(nodes);
        const stream = await openStream(gateway);
        await gateway.reload();
        await order(node, "go on");
        await stream.until("piece 2\n");
        expect(inFlightOf(await samplesOf(gateway))).toBe(1);
        await order(node, "end");
        expect(await stream.rest()).toBe("piece 1\npiece 2\n");
        await awaitIdle(gateway);
    });
});
