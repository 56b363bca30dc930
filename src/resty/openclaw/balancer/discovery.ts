/**
 * Finds nodes by the DNS. One worker looks names up, well before anybody needs them; what it finds stands in the shared
 * dict, where all workers see it, and where it outlives reloads. No request ever waits for the DNS.
 *
 * An answer holds until there is a new one: a look-up that fails changes nothing, however long that goes on.
 */
import * as problem from "../config/problems";
import * as faults from "../core/metrics/fault";
import type { Registry } from "../core/metrics/metric_registry";
import type { Entry } from "./discovery/entries";
import * as figures from "./discovery/figures";
import { parse } from "./discovery/name";
import type { Settings } from "./discovery/settings";
import { answer_of, entries_of, forget_lost, give_up, is_busy, is_due, start, watch } from "./discovery/watched";
import type { Common, Watched } from "./discovery/watched";

export type { Entry } from "./discovery/entries";

export interface Discovery {
    readonly names: readonly Watched[];
    readonly by_text: LuaTable<string, Watched>;
    /** The answers that `changed` was told of last. */
    readonly told: LuaTable<string, string>;
    readonly changed: (this: void) => void;
    /**
     * Looks up the names that are due, in timers of their own: returns at once, and never yields. To be called some ten
     * times a second, by one worker. Phases: those that have timers.
     * @param now the time in seconds, by a clock that may jump
     */
    tick(now: number): void;
    /**
     * The addresses that a name stands for, in the order of their text, 256 at most; nothing while there has been no
     * answer yet. The list is empty when the DNS says that there is no such service. The same list is returned until
     * there is another answer; it must not be changed. Phases: any.
     */
    addresses(name: string): readonly Entry[] | undefined;
}

/** Of one upstream. */
const MOST_AT_ONCE = 10;

/** Tells of an answer that is new, whoever found it: another upstream may have the same name. */
function tell(discovery: Discovery, watched: Watched): void {
    const answer = answer_of(watched);
    if (answer === undefined || answer === discovery.told.get(watched.text)) return;
    discovery.told.set(watched.text, answer);
    discovery.changed();
}

function tick(this: Discovery, now: number): void {
    let busy = 0;
    for (const watched of this.names) {
        tell(this, watched);
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
    const watched = this.by_text.get(name) as Watched | undefined;
    return watched === undefined ? undefined : entries_of(watched);
}

const metatable = { __index: { tick, addresses } };

/**
 * Whether a node's text is a name for the DNS: "gpu.example.org:8000", for A and AAAA records, or an SRV name as
 * "_http._tcp.gpu.example.org", without a port. Addresses and paths of unix sockets are none. Phases: any.
 */
export function is_name(text: string): boolean {
    return parse(text) !== undefined;
}

/**
 * Watches names. Raises when one is none. Without any names nothing is done. What a reload left behind is there at once.
 * Phases: init.
 * @param owner how lines in the log begin
 * @param changed is called, in `tick`, when the answer for a name has become another one
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
    const by_text = new LuaTable<string, Watched>();
    const told = new LuaTable<string, string>();
    for (const text of names) {
        const name = parse(text);
        if (name === undefined) problem.refuse(`${owner}: nodes`, "a list whose names are DNS names", text);
        if (!by_text.has(text)) {
            const watched = watch(common, registry, text, name);
            all.push(watched);
            by_text.set(text, watched);
            const answer = answer_of(watched);
            if (answer !== undefined) told.set(text, answer);
        }
    }
    const fields = { names: all, by_text, told, changed };
    const discovery = setmetatable(fields, metatable);
    figures.show(registry, discovery);
    return discovery;
}
export { create as new };
