/** Unique identities of processes: unlike a pid, an identity is never reused. Linux. */
import * as ffi from "ffi";

ffi.cdef("int kill(int pid, int signal);");

const ESRCH = 3;

/** When a process began, in clock ticks since boot; nothing where /proc cannot be read. */
function start_ticks(pid: number): string | undefined {
    const [file] = io.open(`/proc/${pid}/stat`);
    if (file === undefined) return undefined;
    const stat = file.read("*a");
    file.close();
    // Field 22; the second field may hold blanks and brackets, so count from its end.
    const [ticks] = string.match(stat ?? "", `^.*%)${string.rep(" %S+", 19)} (%d+)`);
    return ticks;
}

/** The identity of this process: its pid and start time. Phases: any. */
export function identity(): string {
    const pid = ngx.worker.pid();
    return `${pid} ${start_ticks(pid) ?? ""}`;
}

/** Whether the process with this identity still runs. Phases: any; two system calls. */
export function is_alive(who: string): boolean {
    const [pid, ticks] = string.match(who, "^(%d+) (%d*)$");
    if (ffi.C.kill!(tonumber(pid), 0) !== 0 && ffi.errno() === ESRCH) return false;
    const now = start_ticks(tonumber(pid)!);
    return now === undefined || ticks === "" || now === ticks;
}
