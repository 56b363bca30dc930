/** Ports that one suite has for itself, as two nginx with `reuseport` would share a port without a word. */
import { randomInt } from "node:crypto";
import type { ListenOptions } from "node:net";
import { createServer } from "node:net";

/** Below those that the system gives to whoever asks for any, and above those of the specs. */
const FIRST = 20_000;
const LAST = 29_999;

/** Whether nobody listens there; if so, this process does until `close` is called, or until it ends. */
function listen(options: ListenOptions): Promise<(() => Promise<void>) | undefined> {
    const server = createServer().unref();
    const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
    return new Promise((resolve) => {
        server.once("error", () => resolve(undefined));
        server.listen(options, () => resolve(close));
    });
}

/** A port of 127.0.0.1 that nobody listens on, and that no suite is given again while this process lives. */
export async function freePort(): Promise<number> {
    for (;;) {
        const port = randomInt(FIRST, LAST + 1);
        // A name without a file, which the system frees when the process ends, however it ends.
        if ((await listen({ path: `\0openclaw-port-${port}` })) === undefined) continue;
        const close = await listen({ host: "127.0.0.1", port });
        if (close === undefined) continue;
        await close();
        return port;
    }
}
