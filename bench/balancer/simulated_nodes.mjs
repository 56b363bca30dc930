// Simulated inference nodes, all in this one process: each has slots, and a FIFO behind them. A request says in its path
// how many milliseconds it takes at speed 1: GET /…?ms=12.3. The answer's body is the node's number in its pool.
//
// A slot reckons in exact times: the next request begins when the one before should have ended, however late the timer
// was. So timers make single answers a little late, but take no capacity from a node.
import { createServer } from "node:net";
import { createHistogram } from "node:perf_hooks";

const FAILS_AFTER_MS = 2;
const FAILURE = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

const nodes = new Map();
/** How late answers went out, in microseconds. */
const lateness = createHistogram();

function respond(node, socket) {
    if (!socket.destroyed) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${node.number}`);
}

function serve(node, request, start) {
    const end = start + (request.ms * node.slower) / node.speed;
    node.busy += 1;
    setTimeout(
        () => {
            lateness.record(Math.max(1, Math.round(1000 * (performance.now() - end))));
            node.busy -= 1;
            respond(node, request.socket);
            // Nobody waits for the answer any more when the socket is gone: then the request is left out.
            let next = node.waiting.shift();
            while (next?.socket.destroyed) next = node.waiting.shift();
            if (next !== undefined) serve(node, next, Math.max(end, next.arrived));
        },
        Math.ceil(end - performance.now()),
    );
}

function receive(node, socket, text) {
    if (node.fails) {
        setTimeout(() => socket.destroyed || socket.write(FAILURE), FAILS_AFTER_MS);
        return;
    }
    const request = { socket, ms: Number(/\?ms=([\d.]+)/.exec(text)[1]), arrived: performance.now() };
    if (node.busy < node.slots) serve(node, request, request.arrived);
    else node.waiting.push(request);
}

function listen({ port, number, speed, slots }) {
    const node = { number, speed, slots, slower: 1, fails: false, busy: 0, waiting: [] };
    nodes.set(port, node);
    const server = createServer({ noDelay: true }, (socket) => {
        let text = "";
        socket.setEncoding("latin1");
        socket.on("error", () => socket.destroy());
        socket.on("data", (chunk) => {
            text += chunk;
            if (!text.endsWith("\r\n\r\n")) return;
            receive(node, socket, text);
            text = "";
        });
    });
    return new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
}

const tasks = {
    listen: (list) => Promise.all(list.map(listen)),
    change: ({ port, ...what }) => Object.assign(nodes.get(port), what),
    lateness: () => ({ mean: lateness.mean / 1000, p99: lateness.percentile(99) / 1000 }),
};

process.on("message", async ([task, argument]) => {
    const result = await tasks[task](argument);
    process.send([task, result]);
});
process.on("disconnect", () => process.exit());
