/** The plugin `cache` in a real nginx: which requests get the same answer, and who shares it. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { balancedUpstream, NativeNginx } from "./support/native_nginx";

let asked = 0;
/** From then on the node's answers of the kind "turning" have no end. */
let turned = false;

/** Headers of answers whose end nobody can tell. */
const OPEN_ENDED: Record<string, string | undefined> = { endless: "", encoded: "Transfer-Encoding: identity\r\n" };

/** A node whose answers differ, each told by its number; the query says what kind they are. */
const node = http.createServer((request, response) => {
    request.resume().on("end", () => {
        asked += 1;
        const kind = new URL(request.url ?? "/", "http://node").searchParams.get("kind");
        if (kind === "stream") response.setHeader("Content-Type", "Text/Event-Stream; charset=utf-8");
        if (kind === "private") response.setHeader("Cache-Control", "private");
        if (kind === "cookie") response.setHeader("Set-Cookie", "a=b");
        if (kind === "old") response.setHeader("Date", new Date(Date.now() - 100_000).toUTCString());
        if (kind === "dateless") response.sendDate = false;
        const open = OPEN_ENDED[kind ?? ""];
        if (open !== undefined || (kind === "turning" && turned)) {
            // Neither a length nor chunks: only the end of the connection tells the end.
            request.socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n${open ?? ""}\r\nanswer ${asked}`);
            return;
        }
        if (kind === "turning") response.setHeader("X-Accel-Expires", "1");
        if (kind === "cut") {
            response.write(`answer ${asked}`, () => request.socket.destroy());
            return;
        }
        response.end(`answer ${asked}`);
    });
});

let gateway: NativeNginx;

beforeAll(async () => {
    await new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve));
    const routes = {
        raw: "cache = {}",
        form: 'cache = { key = "multipart", shared = true }',
        json: 'cache = { key = "json", ignore = { "user" }, max_json_bytes = 1000 }',
        tenants: 'cache = { by = { "tenant" } }',
        shared: "cache = { shared = true }",
        misspelled: 'cache = { by = { "tenant", "$of_whon", "$of_whom" }, key_variables = { "my_langage" } }',
        controlled: "cache = { request_control = true }",
        both: 'body_digest = { algorithm = "md5" }, cache = { key = "json" }',
    };
    gateway = await NativeNginx.start({
        workers: 2,
        http: `
            include openclaw.conf;
            map $http_x_of_whom $of_whom { default $http_x_of_whom; }
            init_by_lua_block {
                -- As auth would, from what nobody can write in earnest.
                local teller = { name = "teller", meaning = "says who asks", order = { access = 250 }, schema = {}, create = function()
                    return { access = function()
                        local tenant, identity = ngx.var.http_x_tenant, ngx.var.http_x_identity
                        if tenant then ngx.var.openclaw_tenant = tenant end
                        if identity then ngx.var.openclaw_identity = identity end
                    end }
                end }
                local routes = { ${Object.entries(routes)
                    .map(([name, options]) => `${name} = { upstream = "cluster", teller = {}, ${options} }`)
                    .join(", ")} }
                require("resty.openclaw").setup {
                    plugins = { require("resty.openclaw.plugin").define(teller) },
                    upstreams = { cluster = { nodes = { "127.0.0.1:${(node.address() as AddressInfo).port}" } } },
                    routes = routes,
                }
            }
            proxy_cache_path run/cache keys_zone=answers:1m use_temp_path=off;
            ${balancedUpstream("cluster")}`,
        server: `
            include errors.conf;
            include proxy.conf;
            include metrics.conf;
            client_max_body_size 10m;
            location ~ ^/(?<first>[a-z]+) {
                set $openclaw_route $first;
                include route.conf;
                include cache.conf;
                add_header X-Key $openclaw_cache_key always;
                add_header X-Md5 $request_body_md5 always;
                proxy_cache answers;
                proxy_pass http://cluster;
            }`,
    });
});

afterAll(async () => {
    await gateway.stop();
    node.closeAllConnections();
    node.close();
});

interface Answer {
    status: number;
    cache: string | null;
    text: string;
    key: string | null;
    headers: Headers;
}

async function post(target: string, body: BodyInit, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await fetch(gateway.url(target), { method: "POST", body, headers });
    const { status } = answer;
    const [cache, key] = ["X-Cache-Status", "X-Key"].map((name) => answer.headers.get(name)) as [string, string];
    return { status, cache, key, text: await answer.text(), headers: answer.headers };
}

const JSON_TYPE = { "Content-Type": "application/json" };

test("the same bytes get the same answer, other bytes another one", async () => {
    const first = await post("/raw", "image 1");
    expect(first).toMatchObject({ status: 200, cache: "MISS", key: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await post("/raw", "image 1")).toMatchObject({ cache: "HIT", text: first.text });
    expect(await post("/raw", "image 2")).toMatchObject({ cache: "MISS" });
    const large = "x".repeat(300_000);
    const second = await post("/raw", `${large}a`);
    expect(await post("/raw", `${large}a`)).toMatchObject({ cache: "HIT", text: second.text });
    expect(await post("/raw", `${large}b`)).toMatchObject({ cache: "MISS" });
});

describe("forms", () => {
    const photograph = new Blob([Uint8Array.from({ length: 100_000 }, (_, place) => (place * 7919) % 256)]);
    const form = (file = photograph, name = "image", filename = "a.jpg"): FormData => {
        const data = new FormData();
        data.append("model", "large");
        data.append(name, new Blob([file], { type: "image/jpeg" }), filename);
        return data;
    };

    test("the same photograph gets the same answer, whatever its boundary", async () => {
        const first = await post("/form", form());
        expect(first.cache).toBe("MISS");
        expect(await post("/form", form())).toMatchObject({ cache: "HIT", text: first.text });
        // As curl and requests have it, but for their boundaries.
        const bytes = Buffer.from(await photograph.arrayBuffer());
        const part = (head: string, body: Buffer | string): Buffer =>
            Buffer.concat([Buffer.from(`--other\r\n${head}\r\n\r\n`), Buffer.from(body), Buffer.from("\r\n")]);
        const body = Buffer.concat([
            part('content-disposition: form-data; name="model"', "large"),
            part('Content-Type: image/jpeg\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"', bytes),
            Buffer.from("--other--\r\n"),
        ]);
        const same = await post("/form", body, { "Content-Type": "multipart/form-data; boundary=other" });
        expect(same).toMatchObject({ cache: "HIT", text: first.text });
    });

    test("another name, file name, order or photograph gets another one", async () => {
        await post("/form", form());
        const turned = new FormData();
        turned.append("image", new Blob([photograph], { type: "image/jpeg" }), "a.jpg");
        turned.append("model", "large");
        const others = [
            form(photograph, "picture"),
            form(photograph, "image", "b.jpg"),
            form(photograph.slice(1)),
            turned,
        ];
        for (const other of others) expect(await post("/form", other)).toMatchObject({ cache: "MISS" });
    });

    test("a broken form has no key", async () => {
        const type = { "Content-Type": "multipart/form-data; boundary=b" };
        const headless = await post("/form", "--b\r\nA: b\r\n\r\nx\n--b--", type);
        expect(headless).toMatchObject({ status: 200, cache: "BYPASS" });
        for (let time = 0; time < 2; time += 1) {
            const answer = await post("/form", '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx', type);
            expect(answer).toMatchObject({ status: 200, cache: "BYPASS", key: expect.stringMatching(/^none-/) });
        }
    });
});

describe("JSON", () => {
    test("what says the same gets the same answer", async () => {
        const first = await post("/json", '{"model":"m","n":1,"messages":["é"],"user":"a"}', JSON_TYPE);
        expect(first.cache).toBe("MISS");
        const same = [
            '{ "messages" : [ "\\u00e9" ], "n": 1.0, "model": "m" }',
            '{"n":10e-1,"model":"\\u006d","user":{"id":[1]},"messages":["é"]}',
        ];
        for (const body of same) {
            const type = { "Content-Type": "Application/JSON; charset=utf-8" };
            expect(await post("/json", body, type)).toMatchObject({ cache: "HIT", text: first.text });
        }
    });

    test("what says something else gets another one", async () => {
        await post("/json", '{"a":[1,2],"b":"x"}', JSON_TYPE);
        for (const body of [
            '{"a":[2,1],"b":"x"}',
            '{"a":[1,2],"b":"X"}',
            '{"a":"[1,2]","b":"x"}',
            '[{"a":[1,2],"b":"x"}]',
        ]) {
            expect(await post("/json", body, JSON_TYPE)).toMatchObject({ cache: "MISS" });
        }
        expect(await post("/json", '{"a":[1,2],"b":"x"}', { "Content-Type": "text/plain" })).toMatchObject({
            cache: "MISS",
        });
    });

    test("what is understood in two ways, or too long, has no key", async () => {
        for (const body of ['{"a":1,"a":2}', '{"a":1e999}', '"\\ud800"', JSON.stringify("x".repeat(1000))]) {
            for (let time = 0; time < 2; time += 1) {
                expect(await post("/json", body, JSON_TYPE)).toMatchObject({ status: 200, cache: "BYPASS" });
            }
        }
    });

    test("what is sent as another type is no JSON, and charsets and profiles count", async () => {
        for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]) {
            expect(await post("/json", '{"c":1,"d":2}', { "Content-Type": type })).toMatchObject({ cache: "MISS" });
        }
        expect(await post("/json", '{"d":2,"c":1}', { "Content-Type": "text/plain" })).toMatchObject({ cache: "MISS" });
        const encoded = { ...JSON_TYPE, "Content-Encoding": "x" };
        expect(await post("/json", '{"c":1,"d":2}', encoded)).toMatchObject({ cache: "MISS" });
        expect(await post("/json", '{"d":2,"c":1}', encoded)).toMatchObject({ cache: "MISS" });
    });

    test("what is no JSON is taken as bytes", async () => {
        for (const body of ["{", "hello", "\u0000\u0001", ""]) {
            expect(await post("/json", body, JSON_TYPE)).toMatchObject({ cache: "MISS" });
            expect(await post("/json", body, JSON_TYPE)).toMatchObject({ cache: "HIT" });
        }
    });

    test("the key is that of cache, and the digest that of body_digest", async () => {
        const first = await post("/both", '{"a":1,"b":2}', JSON_TYPE);
        const second = await post("/both", '{"b":2,"a":1}', JSON_TYPE);
        expect(second).toMatchObject({ cache: "HIT", key: first.key });
        expect(second.headers.get("X-Md5")).not.toBe(first.headers.get("X-Md5"));
    });
});

describe("callers", () => {
    const of = (tenant: string, identity = "ada"): Record<string, string> => ({
        "X-Tenant": tenant,
        "X-Identity": identity,
    });

    test("share nothing by default", async () => {
        for (const caller of [of("pond"), of("sea"), of("pond", "bob"), {}]) {
            expect(await post("/raw", "callers", caller)).toMatchObject({ cache: "MISS" });
        }
        expect(await post("/raw", "callers", of("pond"))).toMatchObject({ cache: "HIT" });
    });

    test("share with their tenant where the route says so", async () => {
        const first = await post("/tenants", "callers", of("pond"));
        expect(await post("/tenants", "callers", of("pond", "bob"))).toMatchObject({ cache: "HIT", text: first.text });
        expect(await post("/tenants", "callers", of("sea"))).toMatchObject({ cache: "MISS" });
    });

    test("share with all where the route says so, unless a node may tell them apart", async () => {
        const first = await post("/shared", "callers", of("pond"));
        expect(await post("/shared", "callers", of("sea", "bob"))).toMatchObject({ cache: "HIT", text: first.text });
        for (const header of ["Authorization", "Cookie", "X-Api-Key"]) {
            expect(await post("/shared", "callers", { [header]: "a" })).toMatchObject({ cache: "BYPASS" });
        }
    });
});

test("variables that do not exist are reported", async () => {
    expect(await post("/misspelled", "a")).toMatchObject({ status: 200 });
    const named = /unknown_variable: [^,]*/g;
    await expect
        .poll(async () => [...new Set((await gateway.errorLog()).match(named))])
        .toEqual([
            'unknown_variable: the option cache.by of the route "misspelled" is "$of_whon"',
            'unknown_variable: the option cache.key_variables of the route "misspelled" is "$my_langage"',
        ]);
});

describe("what is stored", () => {
    test.for(["stream", "private", "cookie", "endless", "encoded"])("nothing of the kind %s", async (kind) => {
        expect(await post(`/raw?kind=${kind}`, "stored")).toMatchObject({ status: 200, cache: "MISS" });
        // A stream that does not say that it is complete may be complete the next time.
        const cache = kind === "stream" ? "MISS" : "BYPASS";
        expect(await post(`/raw?kind=${kind}`, "stored")).toMatchObject({ status: 200, cache });
    });

    test("no answer that is cut off", async () => {
        for (let time = 0; time < 2; time += 1) {
            await expect(post("/raw?kind=cut", "cut")).rejects.toThrow();
        }
    });

    test("no open end in place of an old answer, while nginx serves that", async () => {
        const first = await post("/raw?kind=turning", "turning");
        turned = true;
        const before = asked;
        const again = async (): Promise<number> => {
            expect(await post("/raw?kind=turning", "turning")).toMatchObject({ status: 200, text: first.text });
            return asked;
        };
        // As long as nothing new is stored, nginx asks the node time and again.
        await expect.poll(again, { timeout: 10_000 }).toBeGreaterThan(before + 1);
    });

    test("says how old it is, and what the cache did", async () => {
        const first = await post("/raw?kind=old", "aged");
        expect(first.headers.get("Cache-Status")).toBe("openclaw; fwd=uri-miss");
        expect(first.headers.get("Age")).toBeNull();
        const second = await post("/raw?kind=old", "aged");
        expect(second.headers.get("Cache-Status")).toBe("openclaw; hit");
        expect(Number(second.headers.get("Age"))).toBeGreaterThanOrEqual(100);
        await post("/raw?kind=dateless", "aged");
        const dateless = await post("/raw?kind=dateless", "aged");
        expect([dateless.cache, dateless.headers.get("Age")]).toEqual(["HIT", null]);
        const bypassed = await post("/raw", "aged", { Authorization: "a" });
        expect(bypassed.headers.get("Cache-Status")).toBe("openclaw; fwd=bypass");
    });
});

describe("a client's Cache-Control", () => {
    test("gets fresh answers where the route allows it", async () => {
        const first = await post("/controlled", "fresh");
        // nginx stores an answer when the client may have it already: it must not store the first one after the next.
        const again = (): Promise<Answer> => post("/controlled", "fresh");
        await expect.poll(again).toMatchObject({ cache: "HIT", text: first.text });
        const fresh = await post("/controlled", "fresh", { "Cache-Control": "no-cache" });
        expect(fresh.cache).toBe("BYPASS");
        expect(fresh.text).not.toBe(first.text);
        await expect.poll(again).toMatchObject({ cache: "HIT", text: fresh.text });
        const unstored = await post("/controlled", "fresh", { "Cache-Control": "no-store" });
        expect(unstored.cache).toBe("BYPASS");
        expect(await post("/controlled", "fresh")).toMatchObject({ cache: "HIT", text: fresh.text });
    });

    test("counts in each of several headers", async () => {
        const send = (wishes: string[]): Promise<string | undefined> =>
            new Promise((resolve, reject) => {
                const headers = { "Cache-Control": wishes };
                const asking = http.request(gateway.url("/controlled"), { method: "POST", headers }, (answer) => {
                    answer.resume().on("end", () => resolve(answer.headers["x-cache-status"] as string));
                });
                asking.on("error", reject).end("several");
            });
        await send(["no-transform", "max-age=60"]);
        expect(await send(["no-transform", "max-age=60"])).toBe("HIT");
        expect(await send(["no-transform", "no-cache"])).toBe("BYPASS");
        expect(await send(["no-cache", "no-store"])).toBe("BYPASS");
    });

    test("has no effect elsewhere", async () => {
        const first = await post("/raw", "not fresh");
        for (const wish of ["no-cache", "no-store", "max-age=0"]) {
            const answer = await post("/raw", "not fresh", { "Cache-Control": wish });
            expect(answer).toMatchObject({ cache: "HIT", text: first.text });
        }
    });
});

test("requests without a key are counted by reason", async () => {
    const metrics = await (await fetch(gateway.url("/metrics/openclaw"))).text();
    const counted = (route: string, reason: string): number => {
        const line = new RegExp(`^openclaw_cache_skipped_total\\{route="${route}",reason="${reason}"\\} (\\d+)$`, "m");
        return Number(line.exec(metrics)?.[1] ?? 0);
    };
    expect(counted("form", "not_keyable")).toBe(3);
    expect(counted("json", "not_keyable")).toBe(6);
    expect(counted("json", "too_large")).toBe(2);
    expect(counted("shared", "personal")).toBe(3);
    expect(counted("controlled", "no_store")).toBe(2);
    const lines = (await gateway.errorLog()).split("\n");
    expect(lines.filter((line) => line.includes("[error]") && !/kind=cut|unknown_variable/.test(line))).toEqual([]);
});
