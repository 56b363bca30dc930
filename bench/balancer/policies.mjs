// What is compared, and how nginx is told.
import { TIMEOUT_SECONDS, UNIT_MS } from "./shapes.mjs";

/** The levels of latency in the documentation are 2 and 4 s, for work that takes about 1 s. */
const BUCKETS = [2, 4].map((seconds, place) => {
    const below = ((seconds * UNIT_MS) / 1000).toFixed(3);
    return `{ below_seconds = ${below}, weight = ${3 - place} }`;
});

/** All of them. */
export const POLICIES = [
    { name: "round robin", native: "" },
    { name: "round robin, true weights", native: "", isWeighted: true },
    { name: "least_conn", native: "least_conn;" },
    { name: "least_conn, true weights", native: "least_conn;", isWeighted: true },
    { name: "random two", native: "random two least_conn;" },
    { name: "random two, true weights", native: "random two least_conn;", isWeighted: true },
    { name: "openclaw round_robin", policy: "round_robin" },
    { name: "openclaw least_conn", policy: "least_conn" },
    { name: "openclaw latency_buckets", policy: "latency_buckets", options: `buckets = { ${BUCKETS.join(", ")} },` },
    { name: "openclaw consistent_hash", policy: "consistent_hash", options: 'hash_on = "$request_id",' },
    { name: "openclaw xed", policy: "xed" },
];

export const named = (name) => POLICIES.find((policy) => policy.name === name);

/** What an operator would write who knew exactly what each node can do: speed times slots. */
const weight = (policy, { speed, slots }) => (policy.isWeighted ? ` weight=${speed * slots}` : "");

const upstream = ({ policy, name, nodes }) => `
    upstream ${name} {
        ${
            policy.policy === undefined
                ? `zone ${name} 128k; ${policy.native}
                   ${nodes.map((node) => `server 127.0.0.1:${node.port}${weight(policy, node)};`).join(" ")}`
                : `server 0.0.0.1; balancer_by_lua_block { require("resty.openclaw").balance("${name}") }`
        }
        keepalive 64; keepalive_requests 1000000000; keepalive_timeout 1h;
    }
`;

const settings = ({ policy, name, nodes, tries }) => `
    ${name} = {
        nodes = { ${nodes.map(({ port }) => `"127.0.0.1:${port}"`).join(", ")} },
        policy = "${policy.policy}", tries = ${tries}, ${policy.options ?? ""}
    },
`;

/** With one try a request is never sent again, whatever happens. */
const retries = ({ policy, tries }) => {
    if (tries === 1) return "proxy_next_upstream off;";
    const most = policy.policy === undefined ? `proxy_next_upstream_tries ${tries};` : "";
    return `proxy_next_upstream error http_503; ${most}`;
};

/** The http block of a gateway in which each cell has its own upstream, at its own path. */
export const gateway = (cells, port) => `
    lua_package_path "$prefix/lua-out/?.lua;;";
    include nginx/openclaw.conf;
    init_by_lua_block {
        require("resty.openclaw").setup { upstreams = {
            ${cells
                .filter(({ policy }) => policy.policy !== undefined)
                .map(settings)
                .join("")}
        } }
    }
    ${cells.map(upstream).join("")}
    server {
        # Connections come to both workers alike.
        listen 127.0.0.1:${port} reuseport;
        keepalive_requests 1000000000;
        keepalive_timeout 1h;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_read_timeout ${TIMEOUT_SECONDS}s;
        ${cells
            .map((cell) => `location = ${cell.path} { ${retries(cell)} proxy_pass http://${cell.name}; }`)
            .join("\n        ")}
    }
`;
