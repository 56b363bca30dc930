/** The resources of the API, and their methods. */
import * as body from "./body";
import type { Call, Upstream } from "./call";
import * as calls from "./call";
import * as node_patches from "./node_patch";
import type { Kind } from "./path";
import * as paths from "./path";
import * as queue_patches from "./queue_patch";
import type { NodeReport, RoomReport } from "./shown";
import * as shown from "./shown";

type Method = (this: void, call: Call, upstream: Upstream) => void;

export interface Resource {
    /** For the Allow header. */
    readonly allow: string;
    readonly methods: Readonly<Record<string, Method | undefined>>;
}

function show_all(this: void, call: Call): void {
    calls.answer(call, 200, shown.upstreams(call.upstreams));
}

function show_upstream(this: void, call: Call, upstream: Upstream): void {
    calls.answer(call, 200, shown.upstream(call.upstream, upstream));
}

function find(call: Call, upstream: Upstream): NodeReport | undefined {
    for (const report of upstream.report()) {
        if (report.address === call.address) return report;
    }
    return undefined;
}

function show_node(this: void, call: Call, upstream: Upstream): void {
    const report = find(call, upstream);
    if (report === undefined) return calls.refuse_unknown_node(call);
    calls.answer(call, 200, shown.node(report));
}

function change_node(this: void, call: Call, upstream: Upstream): void {
    const [patch, code, message] = node_patches.read(body.read(call));
    if (patch === undefined) return calls.refuse(call, 400, code!, message!);
    const address = call.address;
    const before = find(call, upstream);
    if (address === undefined || (before === undefined && !paths.may_be_added(address))) {
        const expected = "The node must be an IP address and port, or unix: and a path of at most 107 plain letters.";
        return calls.refuse(call, 400, "bad_change", expected);
    }
    const [ok, err] = upstream.change(address, patch);
    if (!ok) return calls.refuse_unstored(call, err);
    const after = find(call, upstream);
    if (after === undefined) return calls.refuse_unstored(call, "the node is not in force");
    calls.note_node(call, before === undefined ? "added" : "changed", node_patches.describe(patch));
    calls.answer(call, before === undefined ? 201 : 200, shown.node(after));
}

function remove_node(this: void, call: Call, upstream: Upstream): void {
    if (call.address === undefined || find(call, upstream) === undefined) return calls.refuse_unknown_node(call);
    const [ok, err] = upstream.change(call.address, { remove: true });
    if (!ok) return calls.refuse_unstored(call, err);
    calls.note_node(call, "removed");
    calls.answer(call, 200, shown.removed(call.address));
}

function forget_changes(this: void, call: Call, upstream: Upstream): void {
    if (call.address === undefined) return calls.refuse_unknown_node(call);
    const before = find(call, upstream);
    const [ok, err] = upstream.forget_changes(call.address);
    if (!ok) return calls.refuse_unstored(call, err);
    const after = find(call, upstream);
    // A removed node comes back, and an added one goes; if it was not there before or after, there is no such node.
    if (before === undefined && after === undefined) return calls.refuse_unknown_node(call);
    calls.note_node(call, "took back the changes of");
    calls.answer(call, 200, after === undefined ? shown.removed(call.address) : shown.node(after));
}

/** Its waiting room; ends the request if there is none. */
function queue_of(call: Call, upstream: Upstream): RoomReport {
    return upstream.queue?.() ?? calls.refuse_no_queue(call);
}

function show_queue(this: void, call: Call, upstream: Upstream): void {
    calls.answer(call, 200, shown.queue(queue_of(call, upstream)));
}

function set_concurrency(call: Call, upstream: Upstream, concurrency: number | undefined): void {
    if (upstream.change_queue?.(concurrency) !== true) calls.refuse_no_queue(call);
}

function change_queue(this: void, call: Call, upstream: Upstream): void {
    const [concurrency, code, message] = queue_patches.read(body.read(call));
    if (concurrency === undefined) return calls.refuse(call, 400, code!, message!);
    set_concurrency(call, upstream, concurrency);
    calls.note(call, "changed", "the queue", `: concurrency ${concurrency}`);
    show_queue(call, upstream);
}

function forget_queue_changes(this: void, call: Call, upstream: Upstream): void {
    set_concurrency(call, upstream, undefined);
    calls.note(call, "took back the changes of", "the queue");
    show_queue(call, upstream);
}

const ALL: Resource = { allow: "GET, HEAD", methods: { GET: show_all, HEAD: show_all } };
const UPSTREAM: Resource = { allow: "GET, HEAD", methods: { GET: show_upstream, HEAD: show_upstream } };
const NODE: Resource = {
    allow: "GET, HEAD, PUT, DELETE",
    methods: { GET: show_node, HEAD: show_node, PUT: change_node, DELETE: remove_node },
};
const CHANGES: Resource = { allow: "DELETE", methods: { DELETE: forget_changes } };
const QUEUE: Resource = {
    allow: "GET, HEAD, PUT",
    methods: { GET: show_queue, HEAD: show_queue, PUT: change_queue },
};
const QUEUE_CHANGES: Resource = { allow: "DELETE", methods: { DELETE: forget_queue_changes } };

/** The methods of each kind of path. */
export const RESOURCES: Readonly<Record<Kind, Resource>> = {
    upstreams: ALL,
    upstream: UPSTREAM,
    node: NODE,
    changes: CHANGES,
    queue: QUEUE,
    queue_changes: QUEUE_CHANGES,
};
