/** TMP exploration */
import net from "node:net";
import http2 from "node:http2";
import { beforeEach, expect, test } from "vitest";
import { KeepingNode, post, metric, startImageGateway } from "./support/image_gateway";
import { freePort } from "./support/native_nginx";
import { look, scene } from "./support/pictures";
import { eventually } from "./support/eventually";
import { readFile, readdir } from "node:fs/promises";

let node: KeepingNode;
beforeEach(async () => { node = await KeepingNode.start(); });

function raw(port: number, parts: (string | Buffer)[], gap = 0): Promise<string> {
    return new Promise((resolve) => {
        const client = net.connect(port, "127.0.0.1");
        let text = "";
        client.on("data", (d) => { text += d.toString("latin1"); });
        client.on("close", () => resolve(text));
        client.on("error", () => resolve(text + " ERROR"));
        void (async () => { for (const p of parts) { client.write(p); if (gap) await new Promise((r) => setTimeout(r, gap)); } })();
        setTimeout(() => client.end(), 3000);
    });
}

test("http/1.0, pipelining, expect, several buffers", async () => {
    const gateway = await startImageGateway(node, { location: "client_body_buffer_size 2m;" });
    const png = await scene("png", 300, 200);
    console.log("1.0", (await raw(gateway.port, [`POST / HTTP/1.0\r\nContent-Length: ${png.length}\r\n\r\n`, png])).slice(0, 30));
    const one = Buffer.concat([Buffer.from(`POST /a HTTP/1.1\r\nHost: g\r\nContent-Length: ${png.length}\r\n\r\n`), png]);
    const two = await raw(gateway.port, [Buffer.concat([one, one, one])]);
    console.log("pipelined", two.match(/HTTP\/1.1 \d+/g));
    console.log("seen", await Promise.all(node.seen.map(async (s) => JSON.stringify(await look(s.body)))));
    console.log("expect", (await raw(gateway.port, [`POST / HTTP/1.1\r\nHost: g\r\nExpect: 100-continue\r\nContent-Length: ${png.length}\r\n\r\n`, png], 100)).match(/HTTP\/1.1 \d+/g));
    const pieces = Array.from({ length: 20 }, (_, i) => png.subarray(Math.floor(i * png.length / 20), Math.floor((i + 1) * png.length / 20)));
    console.log("slow", (await raw(gateway.port, [`POST /slow HTTP/1.1\r\nHost: g\r\nContent-Length: ${png.length}\r\n\r\n`, ...pieces], 20)).match(/HTTP\/1.1 \d+/g));
    const chunks = pieces.flatMap((p) => [Buffer.from(`${p.length.toString(16)}\r\n`), p, Buffer.from("\r\n")]);
    console.log("chunked", (await raw(gateway.port, [`POST /chunked HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n`, Buffer.concat(chunks), "0\r\n\r\n"], 20)).match(/HTTP\/1.1 \d+/g));
    for (const s of node.seen.slice(-2)) console.log(s.url, s.headers["content-length"], s.headers["transfer-encoding"], s.body.length, JSON.stringify(await look(s.body)));
    for (const method of ["GET", "HEAD", "DELETE", "PUT", "PATCH", "OPTIONS", "PROPFIND"]) {
        console.log(method, (await raw(gateway.port, [`${method} /${method} HTTP/1.1\r\nHost: g\r\nConnection: close\r\nContent-Length: ${png.length}\r\n\r\n`, png])).slice(0, 15), node.last().url, node.last().headers["content-type"]);
    }
});

test("http2", async () => {
    const port = await freePort();
    const gateway = await startImageGateway(node, { http: `server { listen 127.0.0.1:${port} http2; include errors.conf; include proxy.conf; client_max_body_size 10m; location / { set $openclaw_route analyze; include route.conf; proxy_pass http://cluster; } }` });
    const png = await scene("png", 300, 200);
    for (const length of [true, false]) {
        const session = http2.connect(`http://127.0.0.1:${port}`);
        const status = await new Promise((resolve) => {
            const stream = session.request({ ":method": "POST", ":path": "/h2", ...(length ? { "content-length": png.length } : {}) });
            stream.on("response", (h) => resolve(h[":status"]));
            stream.on("error", (e) => resolve(String(e)));
            stream.end(png);
        });
        session.close();
        console.log("h2", length, status, node.seen.length, node.seen.at(-1)?.headers["content-length"], node.seen.at(-1)?.body.length);
    }
    console.log((await gateway.errorLog()).split("\n").filter((l) => /\[(error|crit|alert)\]/.test(l)));
});

test("in files, request buffering off, spoofed marks, double replacement", async () => {
    const gateway = await startImageGateway(node, {
        image: 'send = "json", converted_by = true',
        http: "underscores_in_headers on;",
        server: `
            location /file { client_body_in_file_only clean; set $openclaw_route analyze; include route.conf; proxy_pass http://cluster; }
            location /keepfile { client_body_in_file_only on; set $openclaw_route analyze; include route.conf; proxy_pass http://cluster; }
            location /single { client_body_in_single_buffer on; client_body_buffer_size 8k; set $openclaw_route analyze; include route.conf; proxy_pass http://cluster; }
            location /off { proxy_request_buffering off; set $openclaw_route analyze; include route.conf; proxy_pass http://cluster; }
            location /offhttp { proxy_request_buffering off; proxy_http_version 1.1; client_body_buffer_size 1k; set $openclaw_route analyze; include route.conf; proxy_pass http://cluster; }
            location /mirrored { mirror /mirror; set $openclaw_route analyze; include route.conf; proxy_pass http://cluster; }
            location = /mirror { internal; proxy_pass http://127.0.0.1:${node.port}/copy; }
            location /authed { auth_request /check; set $openclaw_route analyze; include route.conf; proxy_pass http://cluster; }
            location = /check { internal; proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_pass http://127.0.0.1:${node.port}/check; }
            location /small { client_max_body_size 100k; set $openclaw_route analyze; include route.conf; proxy_pass http://cluster; }
        `,
    });
    const png = await scene("png", 300, 200);
    for (const path of ["/file", "/keepfile", "/single", "/off", "/offhttp", "/mirrored", "/authed", "/small"]) {
        node.seen.length = 0;
        const answer = await post(gateway, png, {}, path);
        await new Promise((r) => setTimeout(r, 100));
        console.log(path, answer.status, node.seen.map((s) => [s.url, s.headers["content-type"], s.headers["content-length"], s.body.length, s.body.subarray(0, 9).toString("latin1")].join(" ")));
    }
    for (const name of ["X_OpenClaw_Image", "x-openclaw_image", "X-OPENCLAW-IMAGE", "x_OPENclaw-image"]) {
        node.seen.length = 0;
        await post(gateway, '{"messages":[{"role":"user","content":"hi"}]}', { [name]: "converted", "Content-Type": "application/json" });
        console.log(name, Object.entries(node.last().headers).filter(([k]) => /image/.test(k)));
    }
    console.log((await gateway.errorLog()).split("\n").filter((l) => /\[(error|crit|alert)\]/.test(l)));
});

test("full dict", async () => {
    const gateway = await startImageGateway(node, { image: "queue_seconds = 1", server: `
       location = /fill { content_by_lua_block { local d = ngx.shared.openclaw; local n=0; for size = 3, 0, -1 do local v = string.rep("x", 10^size); for i=1,2e6 do local ok, err = d:safe_set("fill "..size.." "..i, v); if not ok then break end; n=n+1 end end; ngx.say(n) } }` });
    console.log("filled", await gateway.get("/fill"));
    const png = await scene("png", 300, 200);
    const answer = await post(gateway, png);
    console.log(answer.status, answer.code, (await gateway.errorLog()).split("\n").filter((l) => /\[(error|crit|alert)\]/.test(l)).slice(0, 4));
    const p = await startImageGateway(node, { image: 'queue_seconds = 1, isolate = "process"', server: `
       location = /fill { content_by_lua_block { local d = ngx.shared.openclaw; local n=0; for size = 3, 0, -1 do local v = string.rep("x", 10^size); for i=1,2e6 do local ok, err = d:safe_set("fill "..size.." "..i, v); if not ok then break end; n=n+1 end end; ngx.say(n) } }` });
    console.log("filled", await p.get("/fill"));
    const other = await post(p, png);
    console.log(other.status, other.code, (await p.errorLog()).split("\n").filter((l) => /\[(error|crit|alert)\]/.test(l)).slice(0, 4));
});
