// What becomes of 150 % load: three simulated nodes, behind nginx alone, and behind a gateway with a waiting room. A tenth of the
// requests are of the class vip, three tenths batch, the others standard. Clients leave after 10 s, those of batches after 60 s.
// node bench/overload.mjs [seconds a run]
import http from "node:http";
import { start } from "./support/nginx.mjs";

const SECONDS = Number(process.argv[2] ?? 60);
/** How long clients await their answer; the senders of batches have time. */
const PATIENCE_SECONDS = { vip: 10, standard: 10, batch: 60 };
const CAPACITY_SECONDS = 20;
const NODES = [19101, 19102, 19103];
/** Requests that a node works on at once, and how long each takes on average. */
const SLOTS = 4;
const SERVICE_SECONDS = 0.2;
const NOMINAL = (NODES.length * SLOTS) / SERVICE_SECONDS;
const LOAD = 1.5 * NOMINAL;
/** The queues fill up first, so that long is not counted. */
const RAMP_SECONDS = Math.min(15, SECONDS / 3);
const CLASSES = { vip: 0.1, standard: 0.6, batch: 0.3 };

/** A node works on so many requests at once, in the order in which they come; it does not notice when a client leaves. */
const node = (port) => `
    server {
        listen 127.0.0.1:${port} backlog=4096;
        location / {
            content_by_lua_block {
                local semaphore = require("ngx.semaphore")
                slots_${port} = slots_${port} or semaphore.new(${SLOTS})
                if not slots_${port}:wait(600) then return ngx.exit(503) end
                ngx.sleep((0.5 + math.random()) * ${SERVICE_SECONDS})
                slots_${port}:post()
                ngx.say("done")
            }
        }
    }`;

const SERVERS = NODES.map((port) => `server 127.0.0.1:${port};`).join(" ");
const nginx = (port) => `
    upstream cluster { least_conn; ${SERVERS} keepalive 128; }
    server {
        listen 127.0.0.1:${port} reuseport backlog=4096;
        location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_read_timeout 300s; proxy_pass http://cluster; }
    }`;

const CLASS_OPTIONS = `
    size = 200, wait_seconds = 8,
    classes = { vip = { weight = 8 }, standard = { weight = 3 }, batch = { weight = 1, size = 1000, wait_seconds = 60 } }`;
const gateway = (concurrency) => (port) => `
    lua_package_path "$prefix/lua-out/?.lua;;";
    include nginx/openclaw.conf;
    map $http_x_class $my_class { default ""; ~. $http_x_class; }
    init_by_lua_block {
        require("resty.openclaw").setup {
            upstreams = {
                cluster = {
                    nodes = { ${NODES.map((one) => `"127.0.0.1:${one}"`).join(", ")} },
                    queue = { ${concurrency} ${CLASS_OPTIONS} },
                },
            },
            routes = { work = { upstream = "cluster", class = "$my_class" } },
        }
    }
    upstream cluster { server 0.0.0.1; balancer_by_lua_block { require("resty.openclaw").balance("cluster") } keepalive 128; }
    server {
        listen 127.0.0.1:${port} reuseport backlog=4096;
        location / {
            set $openclaw_route work;
            include nginx/route.conf;
            include nginx/proxy.conf;
            add_header X-Wait $openclaw_queue_seconds always;
            proxy_pass http://cluster;
        }
        location = /openclaw/metrics { content_by_lua_block { require("resty.openclaw").metrics_page() } }
    }`;

const VARIANTS = {
    "nginx, least_conn": { port: 19090, http: nginx },
    [`the waiting room, concurrency = ${NODES.length * SLOTS}`]: {
        port: 19091,
        http: gateway(`concurrency = ${NODES.length * SLOTS},`),
    },
    'the waiting room, concurrency = "learned"': { port: 19092, http: gateway("") },
};

const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity });

/** Sends a request; what became of it, how long it took, and how long it waited. */
function ask(port, its_class) {
    const began = performance.now();
    const taken = () => (performance.now() - began) / 1000;
    return new Promise((resolve) => {
        const options = { port, host: "127.0.0.1", agent, headers: { "X-Class": its_class } };
        const sent = http.get(options, (answer) => {
            answer.resume();
            answer.on("error", () => undefined);
            answer.on("end", () => {
                clearTimeout(leaves);
                const waited = Number(answer.headers["x-wait"] ?? 0);
                resolve({ its_class, status: answer.statusCode, seconds: taken(), waited });
            });
        });
        const leaves = setTimeout(() => {
            resolve({ its_class, status: 0, seconds: taken() });
            sent.destroy();
        }, 1000 * PATIENCE_SECONDS[its_class]);
        sent.on("error", () => {
            clearTimeout(leaves);
            resolve({ its_class, status: -1, seconds: taken() });
        });
    });
}

function draw() {
    let left = Math.random();
    for (const [name, share] of Object.entries(CLASSES)) {
        left -= share;
        if (left < 0) return name;
    }
    return "standard";
}

/** What the nodes can do: answers a second while each always has more requests than it works on. */
async function capacity(port) {
    let answers = 0;
    const ends = performance.now() + 1000 * CAPACITY_SECONDS;
    const client = async () => {
        while (performance.now() < ends) {
            await ask(port, "standard");
            if (performance.now() < ends) answers += 1;
        }
    };
    await Promise.all(Array.from({ length: 4 * NODES.length * SLOTS }, client));
    return answers / CAPACITY_SECONDS;
}

/** Random arrivals for so many seconds, however many are answered. */
async function load(port) {
    const all = [];
    const began = performance.now();
    const at = () => (performance.now() - began) / 1000;
    let next = 0;
    while (next < SECONDS) {
        const now = at();
        for (; next <= now && next < SECONDS; next += -Math.log(1 - Math.random()) / LOAD)
            all.push(ask(port, draw()).then((one) => ({ ...one, at: at() })));
        await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return Promise.all(all);
}

function quantile(values, share) {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const shown = (value) => `${value.toFixed(2)} s`;

/** Starts the nodes and a variant for a measurement. */
async function beside(variant, work) {
    // New nodes, without what the last variant has left with them.
    const nodes = await start(NODES.map(node).join("\n"), { port: NODES[0], core: 1 });
    const { port, http: conf } = VARIANTS[variant];
    const running = await start(conf(port), { port, core: 0, workers: 2 });
    try {
        return await work(port);
    } finally {
        if (running.errors() !== "") console.log(running.errors().slice(0, 1000));
        await running.stop();
        await nodes.stop();
    }
}

const [ALONE] = Object.keys(VARIANTS);
const most = await beside(ALONE, capacity);
console.log(
    `The nodes give ${most.toFixed(1)} answers a second at most. They get ${LOAD} requests a second for ${SECONDS} s, of which clients await the answer for 10 s, those of batches for 60 s.\n`,
);
console.log(
    "| | answers ÷ capacity | p99 wait of vip | of standard | vip ÷ standard | share of batch | p99 time of vip |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- |");
for (const name of Object.keys(VARIANTS)) {
    const answers = await beside(name, load);
    const good = answers.filter(({ status, at }) => status === 200 && at > RAMP_SECONDS && at <= SECONDS);
    const of = (its_class, what) => good.filter((one) => one.its_class === its_class).map((one) => one[what]);
    const [vip, standard] = [quantile(of("vip", "waited"), 0.99), quantile(of("standard", "waited"), 0.99)];
    const cells = name === ALONE ? ["", "", ""] : [shown(vip), shown(standard), percent(vip / standard)];
    const rate = good.length / (SECONDS - RAMP_SECONDS) / most;
    const batch = percent(of("batch", "waited").length / good.length);
    console.log(
        `| ${[name, rate.toFixed(3), ...cells, batch, shown(quantile(of("vip", "seconds"), 0.99))].join(" | ")} |`,
    );
}
agent.destroy();
