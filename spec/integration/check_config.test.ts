import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { run } from "./support/checkout";
import { findNginx, NativeNginx, TEMPORARY_PATHS } from "./support/native_nginx";

const SENTENCE = 'setup: routes.pond.upstream must be the name of one of upstreams, got "nowhere"';

function config(nginx: NativeNginx, route: string): string {
    return `
pid run/nginx.pid;
error_log error.log notice;
events {}
http {
    access_log off;
    ${TEMPORARY_PATHS}
    lua_package_path "$prefix/lua-out/?.lua;;";
    lua_shared_dict openclaw 10m;
    init_by_lua_block { require("resty.openclaw").setup { routes = { pond = ${route} } } }
    server { listen 127.0.0.1:${nginx.port} reuseport; return 200 new; }
}
`;
}

/** Runs tools/check_config.sh; resolves with all that it prints, after its exit status. */
async function check(nginx: NativeNginx, text: string): Promise<string> {
    const file = path.join(nginx.prefix, "nginx.conf");
    await writeFile(file, text);
    const { modules } = await findNginx();
    const checked = run("tools/check_config.sh", file, "-p", nginx.prefix, "-g", modules);
    return checked.then(
        (output) => `0 ${output}`,
        (error: { code: number; stdout: string; stderr: string }) => `${error.code} ${error.stdout}${error.stderr}`,
    );
}

async function gateway(): Promise<NativeNginx> {
    return NativeNginx.start({
        http: 'init_by_lua_block { require("resty.openclaw").setup {} }',
        server: "location / { return 200 old; }",
    });
}

test("a configuration is checked beside a running server, which goes on undisturbed", async () => {
    await using nginx = await gateway();
    const pids = await nginx.workerPids();
    const files = await readdir(nginx.prefix);
    const log = await nginx.errorLog();

    expect(await check(nginx, config(nginx, "{}"))).toMatch(/^0 check_config: nginx starts with \S+\/nginx\.conf\n$/);

    const refused = await check(nginx, config(nginx, '{ upstream = "nowhere" }'));
    expect(refused).toMatch(/^1 /);
    expect(refused).toContain(SENTENCE);

    const broken = await check(nginx, config(nginx, "{}").replace("access_log off", "access_log offf on"));
    expect(broken).toMatch(/^1 /);
    expect(broken).toMatch(/\/nginx\.conf:\d+\n/);

    expect(await check(nginx, "server {}")).toMatch(/^1 .*has no line that begins with: http \{/);

    expect(await readdir(nginx.prefix)).toEqual(files);
    expect(await nginx.errorLog()).toBe(log);
    expect(await nginx.workerPids()).toEqual(pids);
    expect(await nginx.get("/")).toBe("old");
});

test("a reload with a wrong option leaves the old workers at work, and the sentence in the log", async () => {
    await using nginx = await gateway();
    const pids = await nginx.workerPids();
    await writeFile(path.join(nginx.prefix, "nginx.conf"), config(nginx, '{ upstream = "nowhere" }'));
    // For this configuration nginx -t has nothing but praise.
    expect(await nginx.test()).toContain("test is successful");
    await run("kill", "-HUP", (await readFile(path.join(nginx.prefix, "run/nginx.pid"), "utf8")).trim());
    await nginx.waitFor("the sentence is in the log", async () => (await nginx.errorLog()).includes(SENTENCE));
    // It is for who writes the configuration, not for who writes Lua.
    expect(await nginx.errorLog()).not.toContain("traceback");
    expect(await nginx.workerPids()).toEqual(pids);
    expect(await nginx.get("/")).toBe("old");
});

test("OpenResty is known by what it says of itself, not by its path", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "gateway-"));
    const binary = path.join(folder, "nginx");
    const isOpenResty = async (version: string): Promise<boolean> => {
        const says = `nginx version: ${version}\nconfigure arguments: --add-module=../ngx_lua-0.10.26`;
        await writeFile(binary, `#!/bin/sh\necho '${says}' >&2\n`, { mode: 0o755 });
        const found = run("env", `NGINX_BIN=${binary}`, "tools/find_nginx.sh", "is_openresty");
        return found.then(
            () => true,
            () => false,
        );
    };
    expect(await isOpenResty("openresty/1.25.3.2")).toBe(true);
    expect(await isOpenResty("nginx/1.22.1")).toBe(false);
    await rm(folder, { recursive: true });
});
