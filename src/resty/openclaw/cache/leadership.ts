/**
 * Who asks a node what several requests ask: the leader of the key, in any worker. The others wait until it gives the lead up. If its
 * process dies, the next one to look takes the lead away.
 */
import * as process_identity from "../core/process/process_identity";
import * as rooms from "./room";

/** Begins the names of leads in the dict; keys are hexadecimal. */
const PREFIX = "lead:";
/** The lead ends by itself after so long, in seconds, if it was lost in some other way. */
const SECONDS = 3600;
/** Separates the process from its number in a name. */
const SEPARATOR = "/";

let process: string | undefined;
let pid: number | undefined;
let count = 0;

/** For how long it is taken for true that a process lives, in seconds. */
const LOOK_SECONDS = 0.1;

/** Whether the processes that were looked at since then had died. */
let deaths = new LuaMap<string, boolean>();
let looked_at = 0 as MonotonicTime;

/** A name that no other request has, in any worker, also after a restart of nginx. Phases: any but init. */
export function new_name(): string {
    // What the master has made is not the worker's.
    const present = ngx.worker.pid();
    if (process === undefined || pid !== present) {
        process = process_identity.identity();
        pid = present;
    }
    count += 1;
    return `${process}${SEPARATOR}${count}`;
}

/** Takes the lead of the key under that name. False if another request has it; second value: why nobody can have it. Phases: any. */
export function take(
    dict: ngx.SharedDict,
    key: string,
    name: string,
): LuaMultiReturn<[is_taken: boolean, err: string | undefined]> {
    // A full dict forgets what was not used for longest; otherwise nobody would wait for anybody from then on.
    const [is_taken, err] = rooms.add(dict, `${PREFIX}${key}`, name, SECONDS);
    if (is_taken) return $multi(true, undefined);
    return $multi(false, err === "exists" ? undefined : err);
}

/** The name of the leader; nothing if there is none. Phases: any. */
export function present(dict: ngx.SharedDict, key: string): string | undefined {
    const [name] = dict.get<string>(`${PREFIX}${key}`);
    return name;
}

/** Gives the lead up, unless another request has it by now. Phases: any. */
export function give_up(dict: ngx.SharedDict, key: string, name: string): void {
    if (present(dict, key) === name) dict.delete(`${PREFIX}${key}`);
}

function process_of(name: string): string | undefined {
    const [separator] = string.find(name, SEPARATOR, 1, true);
    return separator === undefined ? undefined : string.sub(name, 1, separator - 1);
}

/** Whether the process of that leader has died. Phases: any; two system calls. */
export function is_dead(name: string): boolean {
    const its_process = process_of(name);
    return its_process === undefined || !process_identity.is_alive(its_process);
}

/** The same, as it was a moment ago: however many leaders a process has, it is looked at ten times a second at most. Phases: any. */
export function was_dead(name: string, now: MonotonicTime): boolean {
    const its_process = process_of(name);
    if (its_process === undefined) return true;
    if (now - looked_at > LOOK_SECONDS) {
        looked_at = now;
        deaths = new LuaMap();
    }
    let has_died = deaths.get(its_process);
    if (has_died === undefined) {
        has_died = !process_identity.is_alive(its_process);
        deaths.set(its_process, has_died);
    }
    return has_died;
}
