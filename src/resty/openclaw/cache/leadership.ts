/**
 * Who asks a node what several requests ask: the leader of the key, in any worker. The others wait until it gives the lead up. If its
 * process dies, the next one to look takes the lead away.
 */
import * as process_identity from "../core/process/process_identity";

/** Begins the names of leads in the dict; keys are hexadecimal. */
const PREFIX = "lead:";
/** The lead ends by itself after so long, in seconds, if it was lost in some other way. */
const SECONDS = 3600;
/** Separates the process from its number in a name. */
const SEPARATOR = "/";

let process: string | undefined;
let pid: number | undefined;
let count = 0;

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
    const [is_taken, err] = dict.add(`${PREFIX}${key}`, name, SECONDS);
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

/** Whether the process of that leader has died. Phases: any; two system calls. */
export function is_dead(name: string): boolean {
    const [separator] = string.find(name, SEPARATOR, 1, true);
    return separator === undefined || !process_identity.is_alive(string.sub(name, 1, separator - 1));
}
