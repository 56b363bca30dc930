import { readFileSync } from "node:fs";
import http2 from "node:http2";
import path from "node:path";
import { expect, test } from "vitest";
import { CHECKOUT } from "./support/checkout";
import { freePort } from "./support/free_port";
import { NativeNginx } from "./support/native_nginx";

const PNG = readFileSync(path.join(CHECKOUT, "spec/support/images/rgb.png"));
const JSON_BODY = Buffer.from('{"model":"m","messages":[{"role":"user","content":"Hello"}]}');

interface Gateway extends AsyncDisposable {
    nginx: NativeNginx;
    /** Takes HTTP/2 without TLS. */
    http2Port: number;
}

async function startGateway(): Promise<Gateway> {
    const http2Port = await freePort();
    const nginx = await NativeNginx.start({
        http: `
            include openclaw.conf;
            init_by_lua_block {
                require("resty.openclaw").setup {
                    routes = {
                        image = { checks = { max_body_bytes = 100000, image = { max_side = 100 } } },
                        chat = { checks = { methods = { "POST" }, json = { max_members = 10 } } },
                        length = { checks = { max_body_bytes = 1000 } },
                    },
                }
            }
            server {
                listen 127.0.0.1:${http2Port} http2;
                include errors.conf;
                client_max_body_size 1m;
                location ~ ^/(image|chat|length)$ {
                    set $openclaw_route $1;
                    include route.conf;
                    content_by_lua_block { ngx.say("passed") }
                }
            }`,
        server: "",
    });
    return { nginx, http2Port, [Symbol.asyncDispose]: () => nginx.stop() };
}

/** A request over HTTP/2, which need not say how long its body is. */
async function send(port: number, method: string, url: string, body?: Buffer, length?: number): Promise<string> {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const headers = length === undefined ? {} : { "content-length": String(length) };
    const stream = session.request({ ":method": method, ":path": url, ...headers }, { endStream: body === undefined });
    let status = 0;
    let text = "";
    const answer = new Promise<void>((resolve, reject) => {
        stream.on("response", (given) => (status = Number(given[":status"])));
        stream.on("data", (data: Buffer) => (text += data.toString()));
        stream.on("end", resolve);
        stream.on("error", reject);
    });
    if (body !== undefined) {
        // In pieces, so that nginx does not have all of it at once.
        for (let at = 0; at < body.length; at += 20_000) stream.write(body.subarray(at, at + 20_000));
        stream.end();
    }
    await answer;
    session.close();
    return `${status} ${/"code":"(\w+)"/.exec(text)?.[1] ?? text.trim()}`;
}

test("bodies of HTTP/2 are checked, with and without their length", async () => {
    await using gateway = await startGateway();
    const port = gateway.http2Port;
    for (const known of [true, false]) {
        const post = (url: string, body: Buffer): Promise<string> =>
            send(port, "POST", url, body, known ? body.length : undefined);
        expect(await post("/image", PNG)).toBe("200 passed");
        expect(await post("/image", Buffer.concat([PNG, Buffer.alloc(90_000)]))).toBe("200 passed");
        expect(await post("/image", Buffer.concat([PNG, Buffer.alloc(110_000)]))).toBe("413 body_too_large");
        expect(await post("/image", JSON_BODY)).toBe("415 unsupported_media_type");
        expect(await post("/image", Buffer.alloc(0))).toBe("400 empty_body");
        expect(await post("/chat", JSON_BODY)).toBe("200 passed");
        expect(await post("/chat", JSON_BODY.subarray(1))).toBe("400 invalid_json");
        expect(await post("/length", Buffer.alloc(1000))).toBe("200 passed");
        expect(await post("/length", Buffer.alloc(1001))).toBe("413 body_too_large");
    }
    expect(await send(port, "GET", "/image")).toBe("200 passed");
    expect(await send(port, "GET", "/length")).toBe("200 passed");
    expect(await send(port, "GET", "/chat")).toBe("405 method_not_allowed");
    expect(await send(port, "PUT", "/chat", Buffer.alloc(300_000), 300_000)).toBe("405 method_not_allowed");
});

test("a route that still has image_check is refused with what to write", async () => {
    const started = NativeNginx.start({
        http: `init_by_lua_block {
            require("resty.openclaw").setup { routes = { analyze = { image_check = { formats = { "webp" } } } } }
        }`,
        server: "",
    });
    await expect(started).rejects.toThrow(
        'setup: routes.analyze.image_check is now a part of checks: write checks = { content_types = { "image/webp" } }',
    );
});
