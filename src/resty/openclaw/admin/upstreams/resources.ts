/** The resources of upstreams, and their methods. */
import * as body from "../body";
import type { Call, Resource } from "../call";
import * as calls from "../call";
import type { NodePatch } from "./node_patch";
import * as node_patches from "./node_patch";
import type { Kind } from "./path";
import * as paths from "./path";
import * as queue_patches from "./queue_patch";
import type { NodeReport, RoomReport, Shown } from "./shown";
import * as shown from "./shown";

/** An upstream whose nodes, and waiting room if it has one, can be seen and changed. The methods never raise; all may be called in content. */
export interface Upstream extends Shown {
    /** Changes a node, adds or removes it. On failure false and why. */
    change(address: string, patch: NodePatch): LuaMultiReturn<[ok: boolean, err?: string]>;
    /** Undoes all changes of a node. On failure false and why. */
    forget_changes(address: string): LuaMultiReturn<[ok: boolean, err?: string]>;
    /**
     * Sets how many of its requests may be under way; nothing: as configured. Returns false without a waiting room. For those that can
     * have one.
     */
    change_queue?(concurrency: number | undefined): boolean;
}

/** What a request is about. */
export interface Subject {
    readonly upstreams: LuaMap<string, Upstream>;
    /** The upstream's name; "" for all of them. */
    readonly name: string;
    readonly upstream: Upstream;
    /** The node's address as it is shown; nothing if there is none, or it is invalid. */
    readonly address: string | undefined;
}

function refuse_unknown_node(call: Call): never {
    return calls.refuse(call, 404, "unknown_node", "The upstream has no such node.");
}

/** Logs what was done to which part of the upstream. */
function note({ name }: Subject, what: string, part: string, more = ""): void {
    calls.note(`${what} ${part} of upstream "${name}"${more}`);
}

/** Logs what was done to the node. */
function note_node(subject: Subject, what: string, more = ""): void {
    note(subject, what, `node ${subject.address}`, more);
}

function show_all(this: void, call: Call, { upstreams }: Subject): void {
    calls.answer(call, 200, shown.upstreams(upstreams));
}

function show_upstream(this: void, call: Call, { name, upstream }: Subject): void {
    calls.answer(call, 200, shown.upstream(name, upstream));
}

function find({ upstream, address }: Subject): NodeReport | undefined {
    for (const report of upstream.report()) {
        if (report.address === address) return report;
    }
    return undefined;
}

function show_node(this: void, call: Call, subject: Subject): void {
    const report = find(subject);
    if (report === undefined) return refuse_unknown_node(call);
    calls.answer(call, 200, shown.node(report));
}

function change_node(this: void, call: Call, subject: Subject): void {
    const [patch, code, message] = node_patches.read(body.read(call));
    if (patch === undefined) return calls.refuse(call, 400, code!, message!);
    const { upstream, address } = subject;
    const before = find(subject);
    if (address === undefined || (before === undefined && !paths.may_be_added(address))) {
        const expected = "The node must be an IP address and port, or unix: and a path of at most 107 plain letters.";
        return calls.refuse(call, 400, "bad_change", expected);
    }
    const [ok, err] = upstream.change(address, patch);
    if (!ok) return calls.refuse_unstored(call, err);
    const after = find(subject);
    if (after === undefined) return calls.refuse_unstored(call, "the node is not in force");
    note_node(subject, before === undefined ? "added" : "changed", node_patches.describe(patch));
    calls.answer(call, before === undefined ? 201 : 200, shown.node(after));
}

function remove_node(this: void, call: Call, subject: Subject): void {
    const { upstream, address } = subject;
    if (address === undefined || find(subject) === undefined) return refuse_unknown_node(call);
    const [ok, err] = upstream.change(address, { remove: true });
    if (!ok) return calls.refuse_unstored(call, err);
    note_node(subject, "removed");
    calls.answer(call, 200, shown.removed(address));
}

function forget_changes(this: void, call: Call, subject: Subject): void {
    const { upstream, address } = subject;
    if (address === undefined) return refuse_unknown_node(call);
    const before = find(subject);
    const [ok, err] = upstream.forget_changes(address);
    if (!ok) return calls.refuse_unstored(call, err);
    const after = find(subject);
    // A removed node comes back, and an added one goes; if it was not there before or after, there is no such node.
    if (before === undefined && after === undefined) return refuse_unknown_node(call);
    note_node(subject, "took back the changes of");
    calls.answer(call, 200, after === undefined ? shown.removed(address) : shown.node(after));
}

function refuse_no_queue(call: Call): never {
    return calls.refuse(call, 404, "no_queue", "The upstream has no queue.");
}

/** Its waiting room; ends the request if there is none. */
function queue_of(call: Call, { upstream }: Subject): RoomReport {
    return upstream.queue?.() ?? refuse_no_queue(call);
}

function show_queue(this: void, call: Call, subject: Subject): void {
    calls.answer(call, 200, shown.queue(queue_of(call, subject)));
}

function set_concurrency(call: Call, { upstream }: Subject, concurrency: number | undefined): void {
    if (upstream.change_queue?.(concurrency) !== true) refuse_no_queue(call);
}

function change_queue(this: void, call: Call, subject: Subject): void {
    const [concurrency, code, message] = queue_patches.read(body.read(call));
    if (concurrency === undefined) return calls.refuse(call, 400, code!, message!);
    set_concurrency(call, subject, concurrency);
    note(subject, "changed", "the queue", `: concurrency ${concurrency}`);
    show_queue(call, subject);
}

function forget_queue_changes(this: void, call: Call, subject: Subject): void {
    set_concurrency(call, subject, undefined);
    note(subject, "took back the changes of", "the queue");
    show_queue(call, subject);
}

const ALL: Resource<Subject> = { allow: "GET, HEAD", methods: { GET: show_all, HEAD: show_all } };
const UPSTREAM: Resource<Subject> = { allow: "GET, HEAD", methods: { GET: show_upstream, HEAD: show_upstream } };
const NODE: Resource<Subject> = {
    allow: "GET, HEAD, PUT, DELETE",
    methods: { GET: show_node, HEAD: show_node, PUT: change_node, DELETE: remove_node },
};
const CHANGES: Resource<Subject> = { allow: "DELETE", methods: { DELETE: forget_changes } };
const QUEUE: Resource<Subject> = {
    allow: "GET, HEAD, PUT",
    methods: { GET: show_queue, HEAD: show_queue, PUT: change_queue },
};
const QUEUE_CHANGES: Resource<Subject> = { allow: "DELETE", methods: { DELETE: forget_queue_changes } };

/** The resource of each kind of path. */
export const RESOURCES: Readonly<Record<Kind, Resource<Subject>>> = {
    upstreams: ALL,
    upstream: UPSTREAM,
    node: NODE,
    changes: CHANGES,
    queue: QUEUE,
    queue_changes: QUEUE_CHANGES,
};
