// What the first pages of a worker cost, and how long they hold it: by default at 20 upstreams of 10 nodes and 200 routes.
//
//     node bench/large_pages.mjs [upstreams] [nodes of each] [routes]
//
// Longest hold: the processor time that the worker spends between two turns of a light thread that sleeps a millisecond,
// while the page is made and sent. Processor time, as a machine with other work would show longer waits that are not ours.
import { start } from "./support/nginx.mjs";

const [upstreams = 20, nodes = 10, routes = 200] = process.argv.slice(2).map(Number);
const PORT = 19096;

const config = `
    lua_package_path "$prefix/lua-out/?.lua;$prefix/?.lua;;";
    lua_shared_dict openclaw 200m;
    init_by_lua_block {
        local ups, routes = {}, {}
        for u = 1, ${upstreams} do
            local list = {}
            for n = 1, ${nodes} do list[n] = ("10.%d.%d.%d:8000"):format(u % 250, math.floor(u / 250), n) end
            ups["upstream-" .. u] = { nodes = list }
        end
        for r = 1, ${routes} do routes["route-" .. r] = { upstream = "upstream-" .. (r % ${upstreams} + 1) } end
        require("resty.openclaw").setup { upstreams = ups, routes = routes }
    }
    server {
        listen 127.0.0.1:${PORT};
        location = /openclaw/status { content_by_lua_block { require("resty.openclaw").status_page() } }
        location = /metrics { content_by_lua_block { require("resty.openclaw").metrics_page() } }
        location = /begin {
            content_by_lua_block {
                local ffi = require("ffi")
                pcall(ffi.cdef, "struct bench_time { int64_t s; int64_t ns; }; int clock_gettime(int, struct bench_time *);")
                local time = ffi.new("struct bench_time")
                local PROCESS_CPU = 2
                local function processor_ms()
                    ffi.C.clock_gettime(PROCESS_CPU, time)
                    return tonumber(time.s) * 1e3 + tonumber(time.ns) / 1e6
                end
                rawset(_G, "bench", { longest = 0, began = processor_ms(), processor_ms = processor_ms })
                ngx.timer.at(0, function()
                    local mine = bench
                    local last = processor_ms()
                    while not mine.ended do
                        ngx.sleep(0.001)
                        mine.longest = math.max(mine.longest, processor_ms() - last)
                        last = processor_ms()
                    end
                end)
            }
        }
        location = /end {
            content_by_lua_block {
                bench.ended = true
                ngx.say(("%.0f | %.1f"):format(bench.processor_ms() - bench.began, bench.longest))
            }
        }
    }
`;

const nginx = await start(config, { port: PORT, core: 0, patience: 60 });
try {
    console.log("| page | KB | ms | of the processor, ms | longest hold, ms |\n| --- | --- | --- | --- | --- |");
    const ask = async (path) => (await fetch(`http://127.0.0.1:${PORT}${path}`)).text();
    for (const path of ["/openclaw/status", "/openclaw/status", "/metrics", "/metrics"]) {
        await ask("/begin");
        const began = Date.now();
        const page = await ask(path);
        const took = Date.now() - began;
        console.log(`| ${path} | ${Math.round(page.length / 1000)} | ${took} | ${(await ask("/end")).trim()} |`);
    }
    if (nginx.errors()) console.error(nginx.errors().slice(0, 1000));
} finally {
    await nginx.stop();
}
