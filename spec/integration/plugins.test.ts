import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { StatusDocument } from "../../src/resty/openclaw/status/document.d.ts";
import { CHECKOUT, run } from "./support/checkout";
import { NativeNginx } from "./support/native_nginx";

const ALLOWED = '{ "eu", "us" }';

/** The Lua of the plugin, by the name of its source. */
const sources = new Map<string, string>();

/** The TypeScript of examples/region.ts as Lua. */
async function compile(): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), "openclaw-examples-"));
    try {
        await run("node_modules/.bin/tstl", "-p", "examples/tsconfig.json", "--outDir", folder);
        return await readFile(path.join(folder, "region.lua"), "utf8");
    } finally {
        await rm(folder, { recursive: true });
    }
}

/** A gateway with the plugin, which stands beside the library. The route `free` does without it. */
async function gateway(name: string, workers = 2): Promise<NativeNginx> {
    return NativeNginx.start({
        workers,
        http: `
            include openclaw.conf;
            init_by_lua_block {
                require("resty.openclaw").setup {
                    plugins = { require("region") },
                    routes = { r = { region = { allowed = ${ALLOWED} } }, free = {} },
                }
            }`,
        server: `
            location = /asked { set $openclaw_route r; include route.conf; content_by_lua_block { ngx.print("answer") } }
            location = /free { set $openclaw_route free; include route.conf; content_by_lua_block { ngx.print("answer") } }
            location = /status { content_by_lua_block { require("resty.openclaw").status_page() } }
            location = /metrics { content_by_lua_block { require("resty.openclaw").metrics_page() } }`,
        files: {
            "lua-out/region.lua": sources.get(name) ?? "",
        },
    });
}

/** The status of an answer and its body, which may be JSON. */
async function ask(nginx: NativeNginx, at: string, region?: string): Promise<[number, unknown]> {
    const headers: Record<string, string> = region === undefined ? {} : { "X-Region": region };
    const answer = await fetch(`http://127.0.0.1:${nginx.port}${at}`, { headers });
    const isJson = answer.headers.get("Content-Type") === "application/json";
    return [answer.status, isJson ? await answer.json() : await answer.text()];
}

/** How many requests the metrics page shows as rejected. */
async function rejected(nginx: NativeNginx): Promise<string[]> {
    const lines = (await nginx.get("/metrics")).split("\n");
    return lines.filter((line) => line.startsWith("region_rejected_total"));
}

/** What the status document has of the plugin, by route. */
async function statuses(nginx: NativeNginx): Promise<Record<string, unknown>> {
    const { routes } = JSON.parse(await nginx.get("/status")) as StatusDocument;
    return Object.fromEntries(Object.entries(routes).map(([route, { plugins }]) => [route, plugins]));
}

/** What a reload with other options of the plugin says. */
async function complaint(nginx: NativeNginx, options: string): Promise<string> {
    const before = (await nginx.errorLog()).length;
    const configuration = await nginx.readConfiguration();
    await nginx.write("nginx.conf", configuration.replace(`region = { allowed = ${ALLOWED} }`, `region = ${options}`));
    await nginx.reloadInVain(/setup: /);
    await nginx.write("nginx.conf", configuration);
    return (await nginx.errorLog()).slice(before);
}

const REFUSAL = {
    error: {
        code: "region_not_allowed",
        message: "This service does not answer requests from your region.",
        status: 403,
    },
};

beforeAll(async () => {
    sources.set("region.lua", await readFile(path.join(CHECKOUT, "examples/region.lua"), "utf8"));
    sources.set("region.ts", await compile());
});

describe.each(["region.lua", "region.ts"])("the plugin of examples/%s", (name) => {
    test("lets requests from some regions in, and counts the others", async () => {
        await using nginx = await gateway(name);
        expect(await rejected(nginx)).toEqual(['region_rejected_total{route="r"} 0']);
        expect(await ask(nginx, "/asked", "eu")).toEqual([200, "answer"]);
        expect(await ask(nginx, "/asked", "us")).toEqual([200, "answer"]);
        expect(await ask(nginx, "/asked", "mars")).toEqual([403, REFUSAL]);
        expect(await ask(nginx, "/asked")).toEqual([403, REFUSAL]);
        expect(await ask(nginx, "/free")).toEqual([200, "answer"]);
        expect(await rejected(nginx)).toEqual(['region_rejected_total{route="r"} 2']);
    });

    test("says of itself in the status document what it allows and rejected", async () => {
        // What it rejected last is known in that worker only.
        await using nginx = await gateway(name, 1);
        const allowed = ["eu", "us"];
        expect(await statuses(nginx)).toEqual({ r: { region: { allowed } }, free: {} });
        expect(await ask(nginx, "/asked", 'ma"rs')).toEqual([403, REFUSAL]);
        expect(await statuses(nginx)).toEqual({ r: { region: { allowed, last_rejected: 'ma"rs' } }, free: {} });
    });

    test("says what is wrong with its options, with their whole path", async () => {
        await using nginx = await gateway(name);
        expect(await complaint(nginx, '{ allowed = { "eu", 5 } }')).toContain(
            "setup: routes.r.region.allowed[2] must be a non-empty string, got 5\n",
        );
        expect(await complaint(nginx, "{}")).toContain(
            "setup: routes.r.region.allowed must be a list with at least one entry, got nothing\n",
        );
        expect(await complaint(nginx, '{ allow = { "eu" }, dict = false }')).toContain(
            [
                'setup: routes.r.region: unknown option "allow"; did you mean "allowed"?',
                "setup: routes.r.region.allowed must be a list with at least one entry, got nothing",
                "setup: routes.r.region.dict must be a non-empty string, got false\n",
            ].join("\n"),
        );
        expect(await ask(nginx, "/asked", "eu")).toEqual([200, "answer"]);
    });
});
