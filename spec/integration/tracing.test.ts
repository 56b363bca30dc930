/** Two gateways, an edge before a centre, and what a request's ids are in all that they write and send. */
import { randomBytes } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lineOf, linesOf, startLoggingGateway } from "./support/logging_gateway";
import type { NativeNginx } from "./support/native_nginx";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";

type Headers = Record<string, string>;

/** A node that keeps the header of the last request, and says a request id of its own. */
const seen: { headers: http.IncomingHttpHeaders } = { headers: {} };
const node = http.createServer((request, response) => {
    seen.headers = request.headers;
    response.setHeader("X-Request-Id", "the node's");
    response.statusCode = request.url?.startsWith("/unwell") === true ? 503 : 200;
    response.end("answer");
});

let centre: NativeNginx;
let edge: NativeNginx;

/** A gateway before one node. */
function startGateway(route: string, port: number, directives = ""): Promise<NativeNginx> {
    return startLoggingGateway({ route, nodes: [`127.0.0.1:${port}`], http: directives });
}

beforeAll(async () => {
    node.listen(0, "127.0.0.1");
    await new Promise((resolve) => node.once("listening", resolve));
    centre = await startGateway("centre", (node.address() as AddressInfo).port);
    edge = await startGateway("edge", centre.port);
});

afterAll(async () => {
    await Promise.all([edge?.stop(), centre?.stop()]);
    node.closeAllConnections();
    node.close();
});

interface Answer {
    status: number;
    /** All that the answer says of the request id. */
    ids: string[];
    uri: string;
}

let asked = 0;

/** An address that no other request has, so that its lines are found. */
function newAddress(): string {
    asked += 1;
    return `/ask-${asked}`;
}

function ask(headers: Headers = {}, address = newAddress(), gateway = edge): Promise<Answer> {
    return new Promise((resolve, reject) => {
        const sent = http.get(gateway.url(`${address}?key=secret`), { headers, agent: false }, (answer) => {
            const { rawHeaders } = answer;
            const ids = rawHeaders.filter((_, index) => rawHeaders[index - 1]?.toLowerCase() === "x-request-id");
            answer.resume().on("end", () => resolve({ status: answer.statusCode ?? 0, ids, uri: address }));
        });
        sent.on("error", reject);
    });
}

interface Fields {
    request_id: string;
    trace_id: string;
}

/** The ids in all that a gateway has written of a request, without repetition. */
async function idsOf(gateway: NativeNginx, uri: string): Promise<string[]> {
    const words = (await lineOf(gateway, "access.log", uri)).split(" ");
    const found = [words.slice(-2).join(" ")];
    for (const file of ["access.json", "slow.log", "records/all"]) {
        const fields = JSON.parse(await lineOf(gateway, file, uri)) as Fields;
        found.push(`${fields.request_id} ${fields.trace_id}`);
    }
    return [...new Set(found)];
}

/** The ids in the last request that the centre was sent. */
async function sentToCentre(): Promise<string> {
    return (await linesOf(centre, "received.log")).at(-1) ?? "";
}

describe("a request has one request id and one trace id", () => {
    test("that the edge makes, in all logs of both gateways and at the node", async () => {
        const { ids, uri, status } = await ask();
        expect(status).toBe(200);
        expect(ids).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
        const [id] = ids;
        // A new trace is named after the request that begins it.
        expect(await idsOf(edge, uri)).toEqual([`${id} ${id}`]);
        expect(await idsOf(centre, uri)).toEqual([`${id} ${id}`]);
        expect(seen.headers["x-request-id"]).toBe(id);
        expect(seen.headers.traceparent).toMatch(new RegExp(`^00-${id}-[0-9a-f]{16}-01$`));
        expect(seen.headers.tracestate).toBeUndefined();
    });

    test("that the client says", async () => {
        const { ids, uri } = await ask({
            "X-Request-Id": "pond-7/2026:a+b=c@d._-",
            traceparent: `00-${TRACE}-${PARENT}-00`,
            tracestate: "vendor=value,other=x y",
        });
        expect(ids).toEqual(["pond-7/2026:a+b=c@d._-"]);
        expect(await idsOf(edge, uri)).toEqual([`pond-7/2026:a+b=c@d._- ${TRACE}`]);
        expect(await idsOf(centre, uri)).toEqual([`pond-7/2026:a+b=c@d._- ${TRACE}`]);
        expect(seen.headers["x-request-id"]).toBe("pond-7/2026:a+b=c@d._-");
        expect(seen.headers.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
        expect(seen.headers.tracestate).toBe("vendor=value,other=x y");
    });

    test("and each gateway is the parent of what it sends", async () => {
        const { uri } = await ask({ traceparent: `00-${TRACE}-${PARENT}-01` });
        await idsOf(centre, uri);
        const [, ofEdge = ""] = (await sentToCentre()).split("|");
        const parents = [PARENT, ofEdge.split("-")[2], seen.headers.traceparent?.toString().split("-")[2]];
        expect(ofEdge).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
        expect(new Set(parents).size).toBe(3);
    });

    test("in errors too", async () => {
        const missing = await ask({ "X-Request-Id": "lost" }, "/missing");
        expect(missing).toMatchObject({ status: 404, ids: ["lost"] });
        const unwell = await ask({ "X-Request-Id": "ill" }, "/unwell");
        expect(unwell).toMatchObject({ status: 503, ids: ["ill"] });
    });
});

describe("a traceparent goes on when it is valid:", () => {
    test.for([
        ["all flags that are known", `00-${TRACE}-${PARENT}-03`, "03"],
        ["flags that are not known are cleared", `00-${TRACE}-${PARENT}-ff`, "03"],
        ["a flag that is not known", `00-${TRACE}-${PARENT}-04`, "00"],
        ["a later version", `01-${TRACE}-${PARENT}-01`, "01"],
        ["a later version that has more", `cc-${TRACE}-${PARENT}-02-what-will be`, "02"],
    ] as const)("%s", async ([, traceparent, flags]) => {
        await ask({ traceparent, tracestate: "a=b" });
        expect(seen.headers.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-${flags}$`));
        expect(seen.headers.tracestate).toBe("a=b");
    });
});

describe("a trace begins anew for a traceparent with", () => {
    const capitals = TRACE.toUpperCase();
    test.for([
        ["nothing in it", ""],
        ["capitals", `00-${capitals}-${PARENT}-01`],
        ["capitals in the parent", `00-${TRACE}-${PARENT.toUpperCase()}-01`],
        ["capitals in the flags", `00-${TRACE}-${PARENT}-0A`],
        ["a trace of zeros", `00-${"0".repeat(32)}-${PARENT}-01`],
        ["a parent of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
        ["the version that is forbidden", `ff-${TRACE}-${PARENT}-01`],
        ["a version of one digit", `0-${TRACE}-${PARENT}-01`],
        ["a version that is no number", `zz-${TRACE}-${PARENT}-01`],
        ["more than version 00 has", `00-${TRACE}-${PARENT}-01-more`],
        ["a hyphen at the end", `00-${TRACE}-${PARENT}-01-`],
        ["more in a later version, but no hyphen", `01-${TRACE}-${PARENT}-01more`],
        ["a short trace", `00-${TRACE.slice(1)}-${PARENT}-01`],
        ["a long trace", `00-${TRACE}0-${PARENT}-01`],
        ["other separators", `00_${TRACE}_${PARENT}_01`],
        ["no flags", `00-${TRACE}-${PARENT}`],
        ["a blank in it", `00-${TRACE} ${PARENT}-01`],
        ["letters that are no digits", `00-${TRACE.replace("a", "g")}-${PARENT}-01`],
        ["what would end the line", `00-${TRACE}-${PARENT}-01\\r\\nX-Injected: 1`],
        ["a control byte", `00-${TRACE}-${PARENT}-0\x01`],
        ["far too much", `00-${"a".repeat(6000)}`],
        ["quotes", `00-"${TRACE}"-${PARENT}-01`],
    ] as const)("%s", async ([, traceparent]) => {
        const { ids } = await askRaw(`traceparent: ${traceparent}\r\ntracestate: vendor=secret\r\n`);
        const [id] = ids;
        expect(id).toMatch(/^[0-9a-f]{32}$/);
        expect(seen.headers.traceparent).toMatch(new RegExp(`^00-${id}-[0-9a-f]{16}-01$`));
        expect(seen.headers.tracestate).toBeUndefined();
        expect(seen.headers["x-injected"]).toBeUndefined();
    });

    test("another one beside it", async () => {
        // Before nginx 1.23 the first of them is all that nginx shows.
        const { ids } = await askRaw(`traceparent: 00-${TRACE}-${PARENT}-01\r\ntraceparent: 00-${capitals}-x-01\r\n`);
        const { traceparent } = seen.headers;
        expect(String(traceparent)).toMatch(new RegExp(`^00-(${TRACE}|${ids[0]})-[0-9a-f]{16}-01$`));
    });
});

/** Sends the header as it is written here; resolves with what the answer says of the request id. */
function askRaw(header: string): Promise<{ status: number; ids: string[] }> {
    return new Promise((resolve, reject) => {
        const socket = connect(edge.port, "127.0.0.1");
        socket.write(
            Buffer.from(`GET ${newAddress()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${header}\r\n`, "latin1"),
        );
        let text = "";
        socket.on("data", (chunk) => (text += chunk.toString("latin1")));
        socket.on("error", reject);
        socket.on("close", () => {
            const ids = [...text.matchAll(/\r\nX-Request-Id: ([^\r]*)/gi)].map(([, id = ""]) => id);
            resolve({ status: Number(text.split(" ")[1]), ids });
        });
    });
}

describe("a request id is not taken over with", () => {
    test.for([
        ["nothing in it", ""],
        ["a blank", "a b"],
        ["quotes", 'a"b'],
        ["a backslash", "a\\b"],
        ["what JSON would read", '","status":200,"x":"'],
        ["a comma, as of two headers in one", "a,b"],
        ["a control byte", "a\x01b"],
        ["a tab", "a\tb"],
        ["a carriage return", "a\rX-Injected: 1"],
        ["bytes that are not ASCII", "caf\xe9"],
        ["what looks like a line end", "a%0d%0aX-Injected: 1"],
        ["129 letters", "a".repeat(129)],
        ["far too many letters", "a".repeat(7000)],
    ] as const)("%s", async ([, id]) => {
        const { status, ids } = await askRaw(`X-Request-Id: ${id}\r\n`);
        if (status === 200) {
            expect(ids).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
            expect(seen.headers["x-request-id"]).toBe(ids[0]);
        } else {
            expect(status).toBe(400);
        }
        expect(seen.headers["x-injected"]).toBeUndefined();
    });

    test("a name of another case is the same header, and 128 letters are taken", async () => {
        const id = "a".repeat(128);
        expect((await askRaw(`x-ReQuEsT-iD: ${id}\r\n`)).ids).toEqual([id]);
        expect(seen.headers["x-request-id"]).toBe(id);
    });
});

describe("a tracestate does not go on with", () => {
    test.for([
        ["a control byte", "a=\x01"],
        ["bytes that are not ASCII", "a=\xe9"],
        ["more than 1024 letters", `a=${"b".repeat(1023)}`],
    ] as const)("%s", async ([, tracestate]) => {
        await askRaw(`traceparent: 00-${TRACE}-${PARENT}-01\r\ntracestate: ${tracestate}\r\n`);
        expect(seen.headers.traceparent).toContain(TRACE);
        expect(seen.headers.tracestate).toBeUndefined();
    });
});

test("one map decides whether new traces are sampled", async () => {
    const { port } = node.address() as AddressInfo;
    await using gateway = await startGateway("edge", port, 'map "" $openclaw_new_trace_flags { default 00; }');
    await ask({}, "/unsampled", gateway);
    expect(seen.headers.traceparent).toMatch(/-00$/);
    await ask({ traceparent: `00-${TRACE}-${PARENT}-01` }, "/sampled", gateway);
    expect(seen.headers.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
});

test("two maps make all ids anew", async () => {
    const { port } = node.address() as AddressInfo;
    const maps = 'map "" $openclaw_request_id { default $request_id; } map "" $openclaw_trace_given { default ""; }';
    await using gateway = await startGateway("edge", port, maps);
    const headers = { "X-Request-Id": "mine", traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "a=b" };
    const { ids } = await ask(headers, "/", gateway);
    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
    expect(seen.headers["x-request-id"]).toBe(ids[0]);
    expect(seen.headers.traceparent).toMatch(new RegExp(`^00-${ids[0]}-[0-9a-f]{16}-01$`));
    expect(seen.headers.tracestate).toBeUndefined();
});

test("a share of the new traces may be sampled", async () => {
    const { port } = node.address() as AddressInfo;
    const split = "split_clients $request_id $openclaw_new_trace_flags { 50% 01; * 00; }";
    await using gateway = await startGateway("edge", port, split);
    const flags = new Set<string>();
    for (let count = 0; count < 100 && flags.size < 2; count += 1) {
        await ask({}, "/", gateway);
        flags.add(String(seen.headers.traceparent).slice(-2));
    }
    expect(flags).toEqual(new Set(["00", "01"]));
});

test("ids do not repeat", async () => {
    const answers = await Promise.all(
        Array.from({ length: 50 }, () => ask({ "X-Other": randomBytes(4).toString("hex") })),
    );
    expect(new Set(answers.flatMap(({ ids }) => ids)).size).toBe(50);
});
