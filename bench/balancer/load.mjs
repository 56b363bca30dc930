// Sends requests when their time has come, however long the ones before take (open loop), and notes how each went.
import { connect } from "node:net";
import { createHistogram } from "node:perf_hooks";

const idle = [];

function settle(connection, status, body) {
    const { done } = connection;
    connection.done = undefined;
    connection.text = "";
    done?.(status, body);
}

function receive(connection, chunk) {
    connection.text += chunk;
    const head = connection.text.indexOf("\r\n\r\n") + 4;
    if (head < 4) return;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(connection.text)?.[1] ?? 0);
    if (connection.text.length < head + length) return;
    const body = connection.text.slice(head);
    const status = Number(connection.text.slice(9, 12));
    settle(connection, status, body);
    idle.push(connection);
}

function open(port) {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const connection = { socket, done: undefined, text: "" };
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => receive(connection, chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
        const place = idle.indexOf(connection);
        if (place >= 0) idle.splice(place, 1);
        settle(connection, 0, "");
    });
    return connection;
}

function send(port, path, done) {
    const connection = idle.pop() ?? open(port);
    connection.done = done;
    connection.socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
}

/**
 * Plays the traces of all cells side by side; a cell has `path`, `start` (seconds after now), `arrivals` (seconds after
 * that) and `milliseconds` of work at speed 1. Resolves, when all is answered, with how late requests went out. Each cell
 * gets `outcomes`: for each request the seconds from the time it was due to its answer, its status (0: none) and the
 * number of the node that answered (-1: none).
 */
export function play(cells, port) {
    const lateness = createHistogram();
    const origin = performance.now();
    const lines = cells.map((cell) => {
        const count = cell.arrivals.length;
        cell.outcomes = {
            seconds: new Float64Array(count),
            status: new Uint16Array(count),
            node: new Int8Array(count).fill(-1),
        };
        return { cell, next: 0, due: (place) => origin + 1000 * (cell.start + cell.arrivals[place]) };
    });
    let unanswered = lines.reduce((sum, { cell }) => sum + cell.arrivals.length, 0);

    return new Promise((resolve) => {
        const ask = ({ cell, due }, place, now) => {
            const dueAt = due(place);
            lateness.record(Math.max(1, Math.round(1000 * (now - dueAt))));
            send(port, `${cell.path}?ms=${cell.milliseconds[place].toFixed(3)}`, (status, body) => {
                cell.outcomes.seconds[place] = (performance.now() - dueAt) / 1000;
                cell.outcomes.status[place] = status;
                if (status === 200) cell.outcomes.node[place] = Number(body);
                unanswered -= 1;
                if (unanswered === 0) resolve({ mean: lateness.mean / 1000, p99: lateness.percentile(99) / 1000 });
            });
        };
        const turn = () => {
            const now = performance.now();
            let soonest = Infinity;
            for (const line of lines) {
                const count = line.cell.arrivals.length;
                while (line.next < count && line.due(line.next) <= now) {
                    ask(line, line.next, now);
                    line.next += 1;
                }
                if (line.next < count) soonest = Math.min(soonest, line.due(line.next));
            }
            if (soonest < Infinity) setTimeout(turn, soonest - now);
        };
        turn();
    });
}
