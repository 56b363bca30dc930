import { beforeAll, describe, expect, test } from "vitest";
import { eventually } from "./support/eventually";
import { buildImage, GatewayContainer } from "./support/gateway_container";

const COUNTING = `
worker_processes 2;
pid run/nginx.pid;
error_log stderr notice;
events {}
http {
    access_log off;
    lua_package_path "$prefix/lua-out/?.lua;;";
    lua_shared_dict openclaw 10m;
    init_by_lua_file conf/counter.lua;
    server {
        # A queue for each worker, so that both get requests.
        listen 8080 reuseport;
        location / { content_by_lua_block { ngx.say(require("cjson").encode({ pid = ngx.worker.pid() })) } }
        location = /count { content_by_lua_block { shared_memory.add(region, counted, 1) ngx.print(ngx.worker.pid()) } }
        location = /counted { content_by_lua_block { ngx.print(shared_memory.total(region, counted)) } }
    }
}
`;

const COUNTER = `
shared_memory = require("resty.openclaw.core.memory.shared_memory")
region = shared_memory.open("openclaw")
counted = assert(shared_memory.slot(region, "counted"))
`;

describe("the image", () => {
    let image: string;
    beforeAll(async () => {
        image = await buildImage();
    });

    test("runs the demo", async () => {
        await using gateway = await new GatewayContainer(image).start();
        const answer = await fetch(gateway.url("/"));
        expect(answer.status).toBeLessThan(500);
    });

    test("runs another configuration, whose workers share memory", async () => {
        await using gateway = await new GatewayContainer(image)
            .withConfig(COUNTING)
            .withFile("conf/counter.lua", COUNTER)
            .start();
        const pids = new Set<string>();
        let requests = 0;
        while (pids.size < 2 && requests < 1000) {
            const answer = await fetch(gateway.url("/count"), { headers: { connection: "close" } });
            pids.add(await answer.text());
            requests += 1;
        }
        expect(pids.size).toBe(2);
        await eventually("the log arrives", () => gateway.log().includes("start worker process"));
        const counted = await fetch(gateway.url("/counted"));
        expect(await counted.text()).toBe(String(requests));
    });

    test("has a place for the access log that OpenResty opens where no configuration names one", async () => {
        await using gateway = await new GatewayContainer(image)
            .withConfig(
                "pid run/nginx.pid;\nevents {}\nhttp { access_log logs/access.log; server { listen 8080; return 204; } }\n",
            )
            .start();
        expect((await fetch(gateway.url("/"))).status).toBe(204);
        await eventually("it is written", async () => {
            return (await gateway.exec(["cat", "logs/access.log"])).output.includes(" 204 ");
        });
    });

    test("says which configuration it does not find", async () => {
        await using container = await new GatewayContainer(image).start();
        const { exitCode, output } = await container.exec(["docker/entrypoint.sh", "conf/none.conf"]);
        expect(output).toContain("there is no configuration file conf/none.conf in /opt/openclaw");
        expect(exitCode).toBe(1);
    });
});
