/** Limits how long an exchange with another process takes as a whole: the timeouts of sockets begin again with each byte. */
import type { Semaphore } from "ngx.semaphore";
import * as semaphore from "ngx.semaphore";

function finish<Job>(work: (this: void, job: Job) => void, job: Job, done: Semaphore): void {
    work(job);
    done.post(1);
}

/**
 * Does `work` in a light thread; it must not raise. When the time is over, the thread is killed, with the socket that it waits for: nil
 * and why. Phases: those that may yield.
 */
export function run<Job>(seconds: number, work: (this: void, job: Job) => void, job: Job): Result<true> {
    const [done, err] = semaphore.new();
    if (done === undefined) return $multi(undefined, err);
    const thread = ngx.thread.spawn(finish, work as (this: void, job: unknown) => void, job as unknown, done);
    const [in_time] = done.wait(seconds);
    if (in_time === true) return $multi(true);
    ngx.thread.kill(thread);
    return $multi(undefined, "not done in time");
}
