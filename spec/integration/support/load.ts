import http from "node:http";

/** Requests without end from a fixed number of clients, each on one kept connection, one request at a time. */
export class Load {
    /** Answers that were read to their end, by status. */
    readonly statuses = new Map<number, number>();
    /** Requests without a whole answer. */
    errors = 0;
    private stopping = false;
    private readonly clients: Promise<void>[];

    constructor(
        private readonly url: string,
        readonly concurrency = 8,
    ) {
        if (concurrency > 64) throw new Error(`${concurrency} clients are more than a test needs`);
        this.clients = Array.from({ length: concurrency }, () => this.client());
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
                const status = await request(this.url, agent);
                this.statuses.set(status, this.count(status) + 1);
            } catch {
                this.errors += 1;
            }
        }
        agent.destroy();
    }
}

function request(url: string, agent: http.Agent): Promise<number> {
    return new Promise((resolve, reject) => {
        const sent = http.get(url, { agent, timeout: 10_000 }, (answer) => {
            answer.on("error", reject);
            answer.on("end", () => resolve(answer.statusCode ?? 0));
            answer.resume();
        });
        sent.on("timeout", () => sent.destroy(new Error("no answer in time")));
        sent.on("error", reject);
    });
}
