import { createHash, randomBytes } from "node:crypto";
import http2 from "node:http2";
import { expect, test } from "vitest";
import { freePort } from "./support/free_port";
import { NativeNginx } from "./support/native_nginx";

const KIB = 1024;

interface Gateway extends AsyncDisposable {
    nginx: NativeNginx;
    /** Takes HTTP/2 without TLS. */
    http2Port: number;
}

interface Answer {
    status: number;
    /** What the gateway took for the body's digest. */
    digest: string | null;
    skip: string | null;
    /** MISS, HIT, BYPASS as nginx says it. */
    cache: string | null;
    body: string;
}

/** A gateway before a model that answers with the MD5 of what it got, and how often it was asked. */
async function startGateway(server = ""): Promise<Gateway> {
    const modelPort = await freePort();
    const http2Port = await freePort();
    const locations = `
        set $request_body_md5 "";
        set $request_body_digest_skip "";
        ${server}
        client_max_body_size 16m;
        client_body_buffer_size 128k;
        add_header X-Digest $request_body_md5;
        add_header X-Skip $request_body_digest_skip;
        add_header X-Cache $upstream_cache_status;
        access_by_lua_block { digest:access() }

        location /predict {
            proxy_cache predictions;
            proxy_cache_methods POST;
            proxy_cache_key "$uri $request_body_md5";
            proxy_cache_valid 200 1h;
            proxy_cache_bypass $request_body_digest_skip;
            proxy_no_cache $request_body_digest_skip;
            proxy_pass http://127.0.0.1:${modelPort};
        }
        location = /digest { content_by_lua_block { ngx.print("ok") } }
        location = /replaced {
            rewrite_by_lua_block {
                ngx.req.read_body()
                local seen = ngx.var.request_body
                ngx.req.set_body_data(string.reverse(seen))
            }
            content_by_lua_block { ngx.print("ok") }
        }`;
    const nginx = await NativeNginx.start({
        http: `
            proxy_cache_path run/cache keys_zone=predictions:1m;
            lua_shared_dict model 1m;
            init_by_lua_block { digest = require("resty.openclaw.body_digest").new({ max_bytes = 8 * 1024 * 1024 }) }
            server {
                listen 127.0.0.1:${modelPort};
                client_max_body_size 16m;
                client_body_buffer_size 16m;
                location / {
                    content_by_lua_block {
                        ngx.req.read_body()
                        local asked = ngx.shared.model:incr("asked", 1, 0)
                        ngx.print(asked, " ", ngx.md5(ngx.req.get_body_data() or ""))
                    }
                }
            }
            server { listen 127.0.0.1:${http2Port} http2; ${locations} }`,
        server: locations,
    });
    return { nginx, http2Port, [Symbol.asyncDispose]: () => nginx.stop() };
}

function md5(body: Buffer): string {
    return createHash("md5").update(body).digest("hex");
}

async function post(gateway: Gateway, path: string, body: Buffer): Promise<Answer> {
    const answer = await fetch(gateway.nginx.url(path), { method: "POST", body: new Uint8Array(body) });
    return {
        status: answer.status,
        digest: answer.headers.get("x-digest"),
        skip: answer.headers.get("x-skip"),
        cache: answer.headers.get("x-cache"),
        body: await answer.text(),
    };
}

/** Posts without a Content-Length, in pieces of this size; resolves with the digest. */
async function postHttp2(gateway: Gateway, body: Buffer, pieceBytes: number): Promise<string> {
    const session = http2.connect(`http://127.0.0.1:${gateway.http2Port}`);
    try {
        return await new Promise((resolve, reject) => {
            session.on("error", reject);
            const stream = session.request({ ":method": "POST", ":path": "/digest" });
            stream.on("error", reject);
            stream.on("response", (headers) => resolve(`${headers[":status"]} ${headers["x-digest"]}`));
            for (let at = 0; at < body.length; at += pieceBytes) stream.write(body.subarray(at, at + pieceBytes));
            stream.end();
            stream.resume();
        });
    } finally {
        session.close();
    }
}

test("the same image posted twice is answered from the cache", async () => {
    await using gateway = await startGateway();
    for (const bytes of [1, 100 * KIB, 3000 * KIB]) {
        const image = randomBytes(bytes);
        const first = await post(gateway, "/predict", image);
        const second = await post(gateway, "/predict", image);
        expect(first).toMatchObject({ status: 200, digest: md5(image), cache: "MISS" });
        expect(first.body.split(" ")[1]).toBe(md5(image));
        expect(second).toMatchObject({ status: 200, digest: md5(image), cache: "HIT", body: first.body });
    }
});

test("different images never share an answer, in temporary files neither", async () => {
    await using gateway = await startGateway();
    for (const bytes of [100 * KIB, 3000 * KIB]) {
        const image = randomBytes(bytes);
        for (const at of [0, Math.floor(bytes / 2), bytes - 1]) {
            const other = Buffer.from(image);
            other[at] = (other[at] ?? 0) ^ 1;
            const answer = await post(gateway, "/predict", other);
            expect(answer).toMatchObject({ status: 200, digest: md5(other), cache: "MISS" });
            expect(answer.body.split(" ")[1]).toBe(md5(other));
        }
    }
    const empty = await post(gateway, "/predict", Buffer.alloc(0));
    expect(empty).toMatchObject({ digest: md5(Buffer.alloc(0)), cache: "MISS" });
});

test("a body over max_bytes is never cached, and never answered from the cache", async () => {
    await using gateway = await startGateway();
    const image = randomBytes(8 * KIB * KIB + 1);
    const answers = [await post(gateway, "/predict", image), await post(gateway, "/predict", image)];
    expect(answers.map((answer) => answer.cache)).toEqual(["BYPASS", "BYPASS"]);
    expect(answers.map((answer) => answer.skip)).toEqual(["1", "1"]);
    expect(answers.map((answer) => answer.body)).toEqual([`1 ${md5(image)}`, `2 ${md5(image)}`]);
    expect(answers[0]?.digest).toMatch(/^skip-[0-9a-f]{32}$/);
    expect(answers[1]?.digest).not.toBe(answers[0]?.digest);
});

test("HTTP/2 bodies without a length are digested whole", async () => {
    await using gateway = await startGateway();
    for (const [bytes, pieceBytes] of [
        [0, 1],
        [1, 1],
        [1000, 7],
        [100 * KIB, 16_385],
        [128 * KIB, 65_536],
        [128 * KIB + 1, 65_536],
        [3000 * KIB, 100_003],
    ] as const) {
        const image = randomBytes(bytes);
        expect(await postHttp2(gateway, image, pieceBytes)).toBe(`200 ${md5(image)}`);
    }
});

test("HTTP/2 bodies that come at the same time do not mix", async () => {
    await using gateway = await startGateway();
    const images = Array.from({ length: 12 }, (__, index) => randomBytes(50_000 + index * 60_000));
    const digests = await Promise.all(images.map((image) => postHttp2(gateway, image, 30_001)));
    expect(digests).toEqual(images.map((image) => `200 ${md5(image)}`));
});

test("a $request_body that nginx looked at too early is not believed", async () => {
    // This makes nginx keep the first value of $request_body, here one from before the body was read.
    await using gateway = await startGateway("set $early $request_body;");
    for (const bytes of [0, 1, 5000, 100 * KIB, 3000 * KIB]) {
        const image = randomBytes(bytes);
        expect((await post(gateway, "/digest", image)).digest).toBe(md5(image));
        expect(await postHttp2(gateway, image, 65_536)).toBe(`200 ${md5(image)}`);
    }
});

test("a $request_body from before the body was replaced is not believed", async () => {
    // Named once, but looked at by nobody before the body is there: nginx keeps the body that came first.
    await using gateway = await startGateway("if ($arg_never) { set $early $request_body; }");
    const image = randomBytes(5000);
    expect((await post(gateway, "/replaced", image)).digest).toBe(md5(Buffer.from(image).reverse()));
});
