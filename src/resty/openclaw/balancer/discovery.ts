/**
 * Finds nodes by the DNS. One worker looks names up in the background. The answers are in the shared dict, where all workers see
 * them and where they survive reloads. No request ever waits for the DNS.
 *
 * An answer is used until there is a new one: look-ups that fail change nothing, however long they fail.
 */
import * as problem from "../config/problems";
import * as faults from "../core/metrics/fault";
import type { Registry } from "../core/metrics/metric_registry";
import type { Entry } from "./discovery/entries";
import * as figures from "./discovery/figures";
import { parse } from "./discovery/name";
import type { Settings } from "./discovery/settings";
import type { Common, Watched } from "./discovery/watched";
import { answer_of, entries_of, forget_lost, give_up, is_busy, is_due, start, watch } from "./discovery/watched";

export type { Entry } from "./discovery/entries";

export interface Discovery {
    readonly names: readonly Watched[];
    readonly by_text: LuaMap<string, Watched>;
    /** The last answers for which `changed` was called. */
    readonly reported: LuaMap<string, string>;
    readonly changed: (this: void) => void;
    /**
     * Looks up the names that are due, each in its own timer: returns at once, and never yields. To be called about ten times a
     * second, by one worker. Phases: those that have timers.
     */
    tick(now: MonotonicTime): void;
    /**
     * The addresses of a name, sorted by their text, 256 at most; nothing before the first answer. Empty if the DNS says that
     * there is no such service. Returns the same list until there is another answer; it must not be changed. Phases: any.
     */
    addresses(name: string): readonly Entry[] | undefined;
}

/** Concurrent look-ups of one upstream. */
const MOST_AT_ONCE = 10;

/** Reports a new answer, which may also come from another upstream with the same name. */
function report(discovery: Discovery, watched: Watched): void {
    const answer = answer_of(watched);
    if (answer === undefined || answer === discovery.reported.get(watched.text)) return;
    discovery.reported.set(watched.text, answer);
    discovery.changed();
}

function tick(this: Discovery, now: MonotonicTime): void {
    let busy = 0;
    for (const watched of this.names) {
        report(this, watched);
        forget_lost(watched, now);
        if (is_busy(watched, now)) busy += 1;
    }
    for (const watched of this.names) {
        if (busy < MOST_AT_ONCE && !is_busy(watched, now) && is_due(watched, now)) {
            if (!start(watched, this, now)) return;
            busy += 1;
        }
    }
    give_up(this);
}

function addresses(this: Discovery, name: string): readonly Entry[] | undefined {
    const watched = this.by_text.get(name);
    return watched === undefined ? undefined : entries_of(watched);
}

const metatable = { __index: { tick, addresses } };

/**
 * Whether a node's text is a DNS name: "gpu.example.org:8000" for A and AAAA records, or an SRV name like
 * "_http._tcp.gpu.example.org", without a port. False for addresses and paths of unix sockets. Phases: any.
 */
export function is_name(text: string): boolean {
    return parse(text) !== undefined;
}

/**
 * Watches names. Raises if one is invalid. After a reload the former answers are there at once. Phases: init.
 * @param owner the beginning of lines in the log
 * @param changed is called by `tick` when the answer for a name has changed
 */
function create(
    owner: string,
    registry: Registry,
    names: readonly string[],
    settings: Settings,
    changed: (this: void) => void,
): Discovery {
    const common: Common = {
        owner,
        settings,
        dict: registry.region.names,
        faults: faults.new("balancer", registry),
    };
    const all: Watched[] = [];
    const by_text = new LuaMap<string, Watched>();
    const reported = new LuaMap<string, string>();
    for (const text of names) {
        const name = parse(text);
        if (name === undefined) problem.refuse(`${owner}: nodes`, "a list whose names are DNS names", text);
        if (!by_text.has(text)) {
            const watched = watch(common, registry, text, name);
            all.push(watched);
            by_text.set(text, watched);
            const answer = answer_of(watched);
            if (answer !== undefined) reported.set(text, answer);
        }
    }
    const fields = { names: all, by_text, reported, changed };
    const discovery = setmetatable(fields, metatable);
    figures.show(registry, discovery);
    return discovery;
}
export { create as new };
