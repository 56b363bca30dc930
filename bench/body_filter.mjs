// What reading token figures costs: CPU time of the worker for each MB of a stream, with the plugin, with an empty
// body_filter hook, and without any.
//
//     node bench/body_filter.mjs [rounds] [megabytes a run] [share of a core that others may take: 0.08]
//
// The streams, of 100 KB each, are made by the gateway's own content handler, so that each piece is a chunk of its own.
// What the plugin does at the beginning and the end of each is included. LUA_OUT=/path/to/lua-out measures other compiled
// modules than those that are here.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { machineSeconds, ownSeconds, start } from "./support/nginx.mjs";
import { median, rounds, spread } from "./support/rounds.mjs";

const ROUNDS = Number(process.argv[2] ?? 9);
const MEGABYTES = Number(process.argv[3] ?? 32);
/** A round does not count where other processes took more of a core than this. */
const MOST_DISTURBANCE = Number(process.argv[4] ?? 0.08);
/** What fits into the buffers of a connection: ngx_lua lets no handler print on that has had to wait in a body filter. */
const STREAM_BYTES = 100_000;
const PORT = 19110;
const WORKER_CORE = 0;
const CLIENT_CORE = 1;
const LUA_OUT = process.env.LUA_OUT ?? "$prefix/lua-out";
const WAYS = {
    "16 KB a piece": "large",
    "one event of 250 bytes a piece": "small",
    "16 KB a piece, no two events alike": "unlike",
    "16 KB a piece, one JSON document of numbers": "document",
};
const HOOKS = { none: "", empty: "body_filter_by_lua_block { }", plugin: "include nginx/inference.conf;" };

const location = (way, hook) => `
    location = /${way}/${hook} {
        ${hook === "plugin" ? "set $openclaw_route chat;" : ""}
        ${hook === "plugin" ? 'header_filter_by_lua_block { require("resty.openclaw").header_filter() }' : ""}
        ${HOOKS[hook]}
        content_by_lua_block { bench_stream("${way}") }
    }`;
const config = `
    lua_package_path "${LUA_OUT}/?.lua;;";
    include nginx/openclaw.conf;
    init_by_lua_block {
        require("resty.openclaw").setup { routes = { chat = { inference = {}, metrics = false } } }
        local head = [[data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"pond-7b",]]
        local event = head .. [["choices":[{"index":0,"delta":{"content":"word"},"logprobs":null,"finish_reason":null}]}]]
        event = event .. (" "):rep(248 - #event) .. "\\n\\n"
        assert(#event == 250)
        local finish = head .. [[ "choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}]] .. "\\n\\n"
        local usage = [[data: {"model":"pond-7b","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":%d}}]]
        -- Cut anywhere: each piece begins where the one before ended.
        local large = {}
        local text = event:rep(1024)
        for at = 1, #text, 16384 do large[#large + 1] = text:sub(at, at + 16383) end
        local unlike = {}
        local number = 0
        for place = 1, 16 do
            local parts, bytes = {}, 0
            while bytes < 16384 do
                number = number + 1
                local one = event:gsub("chatcmpl%-1", function() return ("chatcmpl-%d"):format(number % 10) end)
                one = one:gsub("1700000000", tostring(1700000000 + number))
                parts[#parts + 1] = one
                bytes = bytes + #one
            end
            unlike[place] = table.concat(parts)
        end
        local numbers = {}
        for place = 1, 16 do numbers[place] = ("-0.0123456,"):rep(1489) end
        local pieces = { large = large, unlike = unlike, document = numbers }
        function bench_stream(way)
            if way == "document" then
                ngx.header["Content-Type"] = "application/json"
                ngx.print([[{"object":"list","data":[{"embedding":[]])
            else
                ngx.header["Content-Type"] = "text/event-stream"
            end
            local of_way = pieces[way] or large
            local place = 0
            local bytes = 0
            while bytes < ${STREAM_BYTES} do
                place = place % #of_way + 1
                local piece = way == "small" and event or of_way[place]
                ngx.print(piece)
                bytes = bytes + #piece
            end
            if way == "document" then
                ngx.print([[0]}],"model":"pond-7b","usage":{"prompt_tokens":9,"total_tokens":9}}]])
                return
            end
            ngx.print("\\n\\n", finish, usage:format(7), "\\n\\ndata: [DONE]\\n\\n")
        end
    }
    keepalive_requests 1000000;
    server {
        listen 127.0.0.1:${PORT};
        ${Object.values(WAYS)
            .flatMap((way) => Object.keys(HOOKS).map((hook) => location(way, hook)))
            .join("\n")}
        location = /metrics { content_by_lua_block { require("resty.openclaw").metrics_page() } }
    }
`;

const streams = Math.round((MEGABYTES * 1e6) / STREAM_BYTES);
const fetchAll = (path) => {
    const url = `http://127.0.0.1:${PORT}${path}?[1-${streams}]`;
    execFileSync("taskset", ["-c", String(CLIENT_CORE), "curl", "-sSf", "-d", "", "-o", "/dev/null", url], {
        stdio: "pipe",
    });
};

const nginx = await start(config, { port: PORT, core: WORKER_CORE });
try {
    const [worker] = nginx.workerPids();
    // To the nanosecond, where the clock ticks of /proc/PID/stat are too coarse.
    const spent = () => Number(readFileSync(`/proc/${worker}/schedstat`, "utf8").split(" ")[0]) / 1e9;
    const variants = Object.values(WAYS).flatMap((way) => Object.keys(HOOKS).map((hook) => `/${way}/${hook}`));
    for (const path of variants) fetchAll(path);
    const measure = (path) => {
        const others = () => machineSeconds() - ownSeconds() - spent();
        const before = { spent: spent(), others: others(), began: performance.now() };
        fetchAll(path);
        const seconds = (performance.now() - before.began) / 1000;
        const disturbance = (others() - before.others) / seconds;
        if (disturbance > MOST_DISTURBANCE) {
            process.stderr.write(`${path}: others ${(100 * disturbance).toFixed(0)} %\n`);
            return undefined;
        }
        return { milliseconds: (1000 * (spent() - before.spent)) / MEGABYTES };
    };
    const { results, thrown } = await rounds(variants, measure, { count: ROUNDS });
    console.log(`\nMedians of ${ROUNDS} rounds of ${MEGABYTES} MB (least–most); ${thrown} rounds thrown away\n`);
    console.log(
        "| chunks | CPU ms a MB, no hook | empty hook, more | plugin, more than empty hook | plugin, more than none |",
    );
    console.log("| --- | --- | --- | --- | --- |");
    for (const [title, way] of Object.entries(WAYS)) {
        const of = (hook) => results[`/${way}/${hook}`].map(({ milliseconds }) => milliseconds);
        const more = (hook, than) => of(hook).map((value, round) => value - of(than)[round]);
        console.log(
            `| ${title} | ${median(of("none")).toFixed(2)} | ${spread(more("empty", "none"))} | ${spread(more("plugin", "empty"))} | ${spread(more("plugin", "none"))} |`,
        );
    }
    if (nginx.errors()) throw new Error(`nginx logged:\n${nginx.errors().slice(0, 2000)}`);
} catch (problem) {
    process.stderr.write(nginx.errors().slice(0, 2000));
    throw problem;
} finally {
    await nginx.stop();
}
