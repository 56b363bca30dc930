import http from "node:http";

export interface LoadOptions {
    /** What is posted; without it the clients get. */
    body?: Buffer;
    /** What each request has. */
    headers?: http.OutgoingHttpHeaders;
    /**
     * Whether a client sends a request again when the kept connection that it used is closed before the first byte of an
     * answer: what real clients do, as any server may close an idle connection.
     */
    resends?: boolean;
}

/** Requests without end from a fixed number of clients, each on one kept connection, one request at a time. */
export class Load {
    /** Answers that were read to their end, by status. */
    readonly statuses = new Map<number, number>();
    /** Answers that the fallback gave. */
    degraded = 0;
    /** Requests without a whole answer, and why. */
    errors = 0;
    readonly reasons = new Set<string>();
    private stopping = false;
    private readonly clients: Promise<void>[];

    constructor(
        private readonly url: string,
        readonly concurrency = 8,
        private readonly options: LoadOptions = {},
    ) {
        if (concurrency > 64) throw new Error(`${concurrency} clients are more than a test needs`);
        this.clients = Array.from({ length: concurrency }, () => this.client());
    }

    /** How many answers there were so far. */
    get answers(): number {
        return [...this.statuses.values()].reduce((sum, count) => sum + count, 0);
    }

    /** How many answers had this status so far. */
    count(status: number): number {
        return this.statuses.get(status) ?? 0;
    }

    /** Resolves when the last requests are answered. */
    async stop(): Promise<void> {
        this.stopping = true;
        await Promise.all(this.clients);
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.stop();
    }

    private async client(): Promise<void> {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        while (!this.stopping) {
            try {
                const { status, isDegraded } = await this.request(agent);
                this.statuses.set(status, this.count(status) + 1);
                if (isDegraded) this.degraded += 1;
            } catch (error) {
                if (error instanceof ClosedWhenIdle && this.options.resends === true) continue;
                this.errors += 1;
                this.reasons.add(String(error));
            }
        }
        agent.destroy();
    }

    private request(agent: http.Agent): Promise<{ status: number; isDegraded: boolean }> {
        const { body, headers = {} } = this.options;
        return new Promise((resolve, reject) => {
            const init = { agent, headers, timeout: 10_000, method: body === undefined ? "GET" : "POST" };
            const sent = http.request(this.url, init, (answer) => {
                answer.on("error", reject);
                answer.on("end", () => {
                    const isDegraded = answer.headers["x-openclaw-degraded"] === "1";
                    resolve({ status: answer.statusCode ?? 0, isDegraded });
                });
                answer.resume();
            });
            sent.on("timeout", () => sent.destroy(new Error("no answer in time")));
            sent.on("error", (error: NodeJS.ErrnoException) => {
                const isClosed = error.code === "ECONNRESET" || error.code === "EPIPE";
                // Not a byte of the answer has come: else it is the answer that has the error.
                const bytes = (sent.socket?.bytesRead ?? 0) - bytesBefore;
                reject(isClosed && sent.reusedSocket && bytes === 0 ? new ClosedWhenIdle() : error);
            });
            let bytesBefore = 0;
            sent.on("socket", (socket) => (bytesBefore = socket.bytesRead));
            sent.end(body);
        });
    }
}

/** A kept connection turned out to be closed. */
class ClosedWhenIdle extends Error {}
