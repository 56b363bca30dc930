import { expect, test } from "vitest";
import { NameServer } from "./support/name_server";
import { NativeNginx } from "./support/native_nginx";

const SERVER = `
location = /addresses {
    content_by_lua_block {
        local found = discovery:addresses("gpu.test:8000")
        ngx.print(ngx.worker.pid(), " ", found and found[1].address or "none")
    }
}`;

function http(port: number): string {
    return `
    init_by_lua_block {
        local registry = require("resty.openclaw.core.metrics.metric_registry").open("openclaw")
        changes = 0
        local dns = require("resty.openclaw.balancer.discovery.settings")
        local options = require("resty.openclaw.config.schema").read_or_raise(dns.SCHEMA,
            { servers = { "127.0.0.1:${port}" }, timeout = 0.2 }, "test.dns")
        discovery = require("resty.openclaw.balancer.discovery").new("test", registry, { "gpu.test:8000" },
            dns.settings_of(options, "test", true), function() changes = changes + 1 end)
    }
    init_worker_by_lua_block {
        if ngx.worker.id() == 0 then ngx.timer.every(0.1, function() discovery:tick(ngx.now()) end) end
    }`;
}

/** What each of the two workers says, by its process. */
async function seen(nginx: NativeNginx): Promise<Map<string, string>> {
    const answers = new Map<string, string>();
    await nginx.waitFor("both workers answer", async () => {
        const [pid = "", address = ""] = (await nginx.get("/addresses")).split(" ");
        answers.set(pid, address);
        return answers.size === 2;
    });
    return answers;
}

test("all workers see one worker's look-ups, and reloads inherit them", async () => {
    using names = await NameServer.start("10.0.0.1");
    await using nginx = await NativeNginx.start({ http: http(names.port), server: SERVER });
    const all = async (address: string) => [...(await seen(nginx)).values()].every((each) => each === address);
    await nginx.waitFor("the first answer", () => all("10.0.0.1:8000"));
    names.address = "10.0.0.2";
    await nginx.waitFor("the second answer", () => all("10.0.0.2:8000"));
    names.address = undefined;
    const before = names.questions;
    await nginx.reload();
    expect([...(await seen(nginx)).values()]).toEqual(["10.0.0.2:8000", "10.0.0.2:8000"]);
    await nginx.waitFor("the new workers ask", () => names.questions > before + 1);
    names.address = "10.0.0.3";
    await nginx.waitFor("the third answer", () => all("10.0.0.3:8000"));
});
