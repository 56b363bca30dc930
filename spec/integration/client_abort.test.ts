/** What becomes of a request whose client leaves while a node works on it: nginx.conf decides, not Lua. */
import net from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually";
import { HeldNode } from "./support/held_node";
import { balancedUpstream, NativeNginx } from "./support/native_nginx";

/** One worker, which learns of all in the order in which it happens. */
function startGateway(node: HeldNode): Promise<NativeNginx> {
    return NativeNginx.start({
        workers: 1,
        http: `
            include openclaw.conf;
            init_by_lua_block {
                require("resty.openclaw").setup {
                    upstreams = { cluster = { nodes = { "${node.address}" } } },
                    routes = { work = { upstream = "cluster", body_digest = {} } },
                }
            }
            proxy_cache_path run/cache keys_zone=answers:1m use_temp_path=off;
            ${balancedUpstream("cluster")}`,
        server: `
            include errors.conf;
            include proxy.conf;
            location /to_the_end {
                set $openclaw_route work;
                include route.conf;
                include cache.conf;
                proxy_cache answers;
                proxy_ignore_client_abort on;
                proxy_pass http://cluster;
            }
            location /while_wanted {
                set $openclaw_route work;
                include route.conf;
                proxy_pass http://cluster;
            }`,
    });
}

/** A client whose body comes after nginx has asked for it, as it does over a slow link. */
class SlowClient {
    text = "";

    private constructor(private readonly socket: net.Socket) {
        socket.on("data", (chunk) => (this.text += String(chunk))).on("error", () => undefined);
    }

    /** Resolves when the body is asked for. */
    static async post(gateway: NativeNginx, url: string): Promise<SlowClient> {
        const client = new SlowClient(net.connect(gateway.port, "127.0.0.1"));
        onTestFinished(() => client.leave());
        client.socket.write(
            `POST ${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`,
        );
        await eventually("the body is asked for", () => client.text.includes(" 100 "));
        return client;
    }

    sendBody(): void {
        this.socket.write("image");
    }

    leave(): void {
        this.socket.destroy();
    }
}

test("with proxy_ignore_client_abort the response is cached, and no node works twice", async () => {
    await using node = await HeldNode.start();
    await using gateway = await startGateway(node);
    const first = await SlowClient.post(gateway, "/to_the_end");
    first.sendBody();
    await node.seen(1);
    first.leave();
    // When this one is asked for its body, the gateway knows that the first has left.
    const second = await SlowClient.post(gateway, "/to_the_end");
    second.sendBody();
    node.answerAll();
    await eventually("the second has its response", () => second.text.includes("/to_the_end\n"));
    expect(second.text).toContain("X-Cache-Status: HIT");
    expect(node.urls).toEqual(["/to_the_end"]);
});

test("without it the node's work ends as well", async () => {
    await using node = await HeldNode.start();
    await using gateway = await startGateway(node);
    const client = await SlowClient.post(gateway, "/while_wanted");
    client.sendBody();
    await node.seen(1);
    expect(node.inFlight).toBe(1);
    client.leave();
    await eventually("the node's connection is closed", () => node.inFlight === 0);
});
