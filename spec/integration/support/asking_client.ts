/** Clients that ask a gateway something and wait, many at once, some of which leave. */
import type { ClientRequest, IncomingMessage } from "node:http";
import http from "node:http";
import { eventually } from "./eventually";
import type { NativeNginx } from "./native_nginx";

export interface Answer {
    readonly status: number;
    readonly cache: string | undefined;
    readonly field: string | undefined;
    readonly text: string;
    /** Whether it broke off. */
    readonly isCut: boolean;
}

/** All clients that have not been sent away yet. */
const clients: AskingClient[] = [];

/** A request on a connection of its own, with what has come of its answer so far. */
export class AskingClient {
    text = "";
    status = 0;
    readonly answer: Promise<Answer>;
    private readonly sent: ClientRequest;

    constructor(nginx: NativeNginx, target: string, body: string, headers: Record<string, string> = {}) {
        const fields = { "Content-Type": "application/json", ...headers };
        this.sent = http.request(nginx.url(target), { method: "POST", agent: false, headers: fields });
        this.answer = new Promise((resolve) => {
            const end = (response: IncomingMessage | undefined, isCut: boolean) => {
                const { "x-cache-status": cache, "cache-status": field } = response?.headers ?? {};
                const { status, text } = this;
                resolve({ status, cache: cache as string, field: field as string, text, isCut });
            };
            this.sent.on("error", () => end(undefined, true));
            this.sent.on("response", (response) => {
                this.status = response.statusCode ?? 0;
                response.on("data", (chunk: Buffer) => (this.text += chunk.toString()));
                response.on("end", () => end(response, false));
                response.on("error", () => end(response, true));
            });
        });
        this.sent.end(body);
        clients.push(this);
    }

    leave(): void {
        this.sent.destroy();
    }
}

/** Sends all clients away: those of a test that has failed would ask in the next one. */
export function sendAway(): void {
    for (const client of clients.splice(0)) client.leave();
}

/** The different answers that they get, with their statuses. */
export async function textsOf(asking: readonly AskingClient[]): Promise<string[]> {
    const answers = await Promise.all(asking.map(({ answer }) => answer));
    return [...new Set(answers.map(({ status, text, isCut }) => `${status} ${text}${isCut ? " (cut)" : ""}`))];
}

let count = 0;
/** A question that nobody has asked before. */
export function question(): string {
    count += 1;
    return JSON.stringify({ question: count });
}

/** Resolves when so many requests are under way, and all of their headers and bodies have been read, by its location /connections. */
export async function areUnderWay(times: number, nginx: NativeNginx): Promise<void> {
    await eventually(`${times} requests are under way`, async () => {
        const [, reading, writing] = /Reading: (\d+) Writing: (\d+)/.exec(await nginx.get("/connections")) ?? [];
        // One is the request that asks.
        return Number(reading) === 0 && Number(writing) === times + 1;
    });
}
