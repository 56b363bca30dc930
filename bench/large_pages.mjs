// What the first pages of a worker cost at 20 upstreams of 10 nodes and 200 routes, and how long they hold it.
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
    lua_shared_dict openclaw 80m;
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
        location = /measure {
            content_by_lua_block {
                local ffi = require("ffi")
                pcall(ffi.cdef, "struct bench_time { int64_t s; int64_t ns; }; int clock_gettime(int, struct bench_time *);")
                local time = ffi.new("struct bench_time")
                local function clock(which)
                    ffi.C.clock_gettime(which, time)
                    return tonumber(time.s) * 1e3 + tonumber(time.ns) / 1e6
                end
                local longest, done = 0, false
                local watcher = ngx.thread.spawn(function()
                    local last = clock(2)
                    while not done do
                        ngx.sleep(0.001)
                        local now = clock(2)
                        longest = math.max(longest, now - last)
                        last = clock(2)
                    end
                end)
                local began, cpu = clock(1), clock(2)
                local sock = ngx.socket.tcp()
                sock:settimeout(60000)
                assert(sock:connect("127.0.0.1", ${PORT}))
                sock:send("GET " .. ngx.var.arg_path .. " HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
                local bytes = 0
                while true do
                    local part, _, rest = sock:receive(16384)
                    bytes = bytes + #(part or rest)
                    if not part then break end
                end
                done = true
                ngx.say(("| %s | %d | %.0f | %.0f | %.1f |"):format(ngx.var.arg_path, bytes / 1000, clock(1) - began, clock(2) - cpu, longest))
            }
        }
    }
`;

const nginx = await start(config, { port: PORT, core: 0 });
try {
    console.log("| page | KB | ms | of the processor, ms | longest hold, ms |\n| --- | --- | --- | --- | --- |");
    for (const path of ["/openclaw/status", "/openclaw/status", "/metrics", "/metrics"]) {
        process.stdout.write(await (await fetch(`http://127.0.0.1:${PORT}/measure?path=${path}`)).text());
    }
    if (nginx.errors()) console.error(nginx.errors().slice(0, 1000));
} finally {
    await nginx.stop();
}
