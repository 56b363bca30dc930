/** Requests the status every two seconds while the page is visible. */
import type { StatusDocument } from "../src/resty/openclaw/status/document.d.ts";

const STEP_MS = 2_000;
/** A gateway that refuses is asked less often, because a browser may ask its user for the token each time. */
const REFUSED_STEP_MS = 10_000;
const PATIENCE_MS = 8_000;

export interface Watcher {
    show(status: StatusDocument): void;
    /** Says why there is no status. */
    fail(why: string): void;
    pause(): void;
}

/** The message of an error. */
async function reason(answer: Response): Promise<string> {
    try {
        const { error } = (await answer.json()) as { error: { message: string } };
        return `${answer.status}: ${error.message}`;
    } catch {
        return `status ${answer.status}.`;
    }
}

/** Requests the status once; resolves with the milliseconds until the next request. */
async function ask(watcher: Watcher): Promise<number> {
    let answer: Response;
    try {
        answer = await fetch("status", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    } catch {
        watcher.fail("The gateway can’t be reached. Trying again…");
        return STEP_MS;
    }
    if (!answer.ok) {
        const isRefused = answer.status === 401 || answer.status === 403;
        const why = await reason(answer);
        watcher.fail(isRefused ? `The gateway refuses to tell: ${why}` : `The gateway answers ${why}`);
        return isRefused ? REFUSED_STEP_MS : STEP_MS;
    }
    try {
        watcher.show((await answer.json()) as StatusDocument);
    } catch (error) {
        watcher.fail("The gateway’s answer broke off, or is none that this page understands. Trying again…");
        console.warn(error);
    }
    return STEP_MS;
}

/** Starts the requests; they pause while the page is hidden. */
export function watch(watcher: Watcher): void {
    let timer: number | undefined;
    let isAsking = false;

    async function turn(): Promise<void> {
        if (isAsking) return;
        isAsking = true;
        const waitMs = await ask(watcher);
        isAsking = false;
        if (document.hidden) watcher.pause();
        else timer = window.setTimeout(() => void turn(), waitMs);
    }

    document.addEventListener("visibilitychange", () => {
        window.clearTimeout(timer);
        if (document.hidden) watcher.pause();
        else void turn();
    });
    void turn();
}
