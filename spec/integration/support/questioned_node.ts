import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { eventually } from "./eventually";

export interface Question {
    readonly response: ServerResponse;
    readonly body: string;
    /** The worker that has asked, if the gateway says so in X-Worker. */
    readonly worker: number;
}

/** A node that answers nothing by itself: a test sees its questions, and answers them when it wants. */
export class QuestionedNode {
    /** The questions that are not answered yet. */
    readonly open: Question[] = [];
    /** How often it was asked. */
    asked = 0;
    /** For other servers, whose questions are its own as well. */
    readonly listener: RequestListener = (request, response) => this.take(request, response);
    private readonly server = http.createServer(this.listener);

    /** `patienceMs`: how long it waits for a question. */
    constructor(private readonly patienceMs = 60_000) {}

    private take(request: IncomingMessage, response: ServerResponse): void {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
            this.asked += 1;
            const worker = Number(request.headers["x-worker"]);
            this.open.push({ response, worker, body: Buffer.concat(chunks).toString() });
        });
    }

    async start(): Promise<void> {
        await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    }

    get address(): string {
        return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    }

    /** Resolves when it has been asked so often. */
    async isAsked(times: number): Promise<void> {
        await eventually(`the node is asked ${times} times`, () => this.asked === times, this.patienceMs);
    }

    /** The one question that is open; it leaves the list. */
    async next(): Promise<Question> {
        await eventually("the node is asked", () => this.open.length === 1, this.patienceMs);
        return this.open.shift() as Question;
    }

    /** Breaks off all answers, and begins to count anew. */
    forget(): void {
        for (const { response } of this.open.splice(0)) response.destroy();
        this.asked = 0;
    }

    stop(): void {
        this.server.closeAllConnections();
        this.server.close();
    }
}
