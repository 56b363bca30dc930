/** The resources of limits, and their methods. */
import * as config_names from "../../config/names";
import * as body from "../body";
import type { Call, Resource } from "../call";
import * as calls from "../call";
import * as patches from "./limit_patch";
import type { Kind, Target } from "./path";
import type { ClassReport, Limited, LimitPatch, LimitReport } from "./shown";
import * as shown from "./shown";

export type { Limited };

/** What a request is about. */
export interface Subject {
    readonly limits: LuaMap<string, Limited>;
    readonly target: Target;
    /** The limits of its route, the limit, and the class; nothing where the path names none. */
    readonly limited: Limited;
    readonly limit: LimitReport;
    readonly its_class: ClassReport;
}

function find<Named extends { readonly name: string }>(all: readonly Named[], name: string): Named | undefined {
    for (const one of all) {
        if (one.name === name) return one;
    }
    return undefined;
}

function names_of(all: readonly { readonly name: string }[]): string[] {
    const found: string[] = [];
    for (const { name } of all) found.push(name);
    return found;
}

/** What the request is about. Ends the request if there is none such. Phases: content. */
export function subject(call: Call, limits: LuaMap<string, Limited>, target: Target): Subject {
    const { route, limit: name, its_class: class_name } = target;
    const limited = limits.get(route);
    if (limited === undefined && route !== "") {
        return calls.refuse(
            call,
            404,
            "unknown_route",
            `There is no such route, or it has no limits.${calls.those_there(config_names.sorted(limits))}`,
        );
    }
    const limit = limited && find(limited.report(), name);
    if (limit === undefined && name !== "") {
        return calls.refuse(
            call,
            404,
            "unknown_limit",
            `The route has no such limit.${calls.those_there(names_of(limited!.report()))}`,
        );
    }
    const its_class = class_name === undefined ? undefined : find(limit!.classes, class_name);
    if (its_class === undefined && class_name !== undefined) {
        return calls.refuse(
            call,
            404,
            "unknown_class",
            `The limit has no rate for such a class.${calls.those_there(names_of(limit!.classes))}`,
        );
    }
    return { limits, target, limited: limited!, limit: limit!, its_class: its_class! };
}

function show_all(this: void, call: Call, { limits }: Subject): void {
    calls.answer(call, 200, shown.all(limits));
}

function show_route(this: void, call: Call, { target, limited }: Subject): void {
    calls.answer(call, 200, shown.of_route(target.route, limited));
}

/** Shows the limit or the class that the path names, as it is now. */
function show(this: void, call: Call, { target, limited }: Subject): void {
    const { route, limit: name, its_class } = target;
    const limit = find(limited.report(), name)!;
    if (its_class === undefined) return calls.answer(call, 200, shown.limit(route, limit));
    calls.answer(call, 200, shown.of_class(limit.unit, find(limit.classes, its_class)!));
}

function set(call: Call, about: Subject, patch: LimitPatch | undefined): void {
    const { target, limited } = about;
    const [is_changed, err] = limited.change(target.limit, target.its_class, patch);
    if (is_changed) return;
    if (err !== undefined) return calls.refuse_unstored(call, err);
    calls.refuse(call, 404, "no_rate", "The limit has no rate of its own: its callers have theirs by their API keys.");
}

function note({ target }: Subject, what: string, more = ""): void {
    const { route, limit, its_class } = target;
    const of_class = its_class === undefined ? "" : ` for class "${its_class}"`;
    calls.note(`${what} limit "${limit}" of route "${route}"${of_class}${more}`);
}

/** The patch in words, for the log. */
function description({ amount, burst }: LimitPatch, { limited, target, limit }: Subject): string {
    const { unit, per } = limit;
    const parts: string[] = [];
    if (amount !== undefined) parts.push(`${amount} ${unit} per ${per}`);
    if (burst !== undefined) parts.push(`burst ${burst}`);
    else if (unit === "tokens") {
        // Without a burst of its own it follows the tokens.
        const now = find(limited.report(), target.limit)!;
        const its = target.its_class === undefined ? now.rate : find(now.classes, target.its_class);
        parts.push(`burst ${its!.burst}`);
    }
    return `: ${table.concat(parts, ", ")}`;
}

function change(this: void, call: Call, about: Subject): void {
    const [patch, code, message] = patches.read(body.read(call), about.limit.unit);
    if (patch === undefined) return calls.refuse(call, 400, code!, message!);
    const { delay } = about.its_class ?? about.limit.rate ?? {};
    if (delay !== undefined && patch.burst !== undefined && patch.burst < delay) {
        const least = `burst must be at least the delay of nginx.conf, which is ${delay}.`;
        return calls.refuse(call, 400, "bad_change", least);
    }
    set(call, about, patch);
    note(about, "changed", description(patch, about));
    show(call, about);
}

function forget_changes(this: void, call: Call, about: Subject): void {
    set(call, about, undefined);
    note(about, "took back the changes of");
    show(call, about);
}

const SHOW = "GET, HEAD";
const RATE: Resource<Subject> = {
    allow: `${SHOW}, PUT`,
    methods: { GET: show, HEAD: show, PUT: change },
    hint: " DELETE …/changes takes back a change.",
};

/** The resource of each kind of path. */
export const RESOURCES: Readonly<Record<Kind, Resource<Subject>>> = {
    all: { allow: SHOW, methods: { GET: show_all, HEAD: show_all } },
    route: { allow: SHOW, methods: { GET: show_route, HEAD: show_route } },
    limit: RATE,
    class: RATE,
    changes: { allow: "DELETE", methods: { DELETE: forget_changes } },
};
