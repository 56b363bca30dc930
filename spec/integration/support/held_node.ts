import http from "node:http";
import type { AddressInfo } from "node:net";
import { eventually } from "./eventually";

interface Held {
    url: string;
    response: http.ServerResponse;
}

/** A node that answers a request only when it is told to. */
export class HeldNode {
    /** The URLs of all requests, in the order in which they came. */
    readonly urls: string[] = [];
    /** How many requests it ever had at once. */
    most = 0;
    private readonly held: Held[] = [];
    private answersAtOnce = false;

    private constructor(private readonly server: http.Server) {}

    static async start(): Promise<HeldNode> {
        const server = http.createServer();
        const node = new HeldNode(server);
        server.on("request", (request, response) => node.hold(request, response));
        server.keepAliveTimeout = 60_000;
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        return node;
    }

    get address(): string {
        return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    }

    /** Requests that wait for their answer now. */
    get inFlight(): number {
        return this.held.length;
    }

    private hold(request: http.IncomingMessage, response: http.ServerResponse): void {
        const entry = { url: request.url ?? "", response };
        this.urls.push(entry.url);
        this.held.push(entry);
        this.most = Math.max(this.most, this.held.length);
        response.on("close", () => {
            const place = this.held.indexOf(entry);
            if (place >= 0) this.held.splice(place, 1);
        });
        request.resume();
        if (this.answersAtOnce) this.answer();
    }

    /** Answers the oldest request. */
    answer(status = 200, headers: http.OutgoingHttpHeaders = {}): void {
        const entry = this.held.shift();
        if (entry === undefined) throw new Error("there is no request to answer");
        entry.response.writeHead(status, headers);
        entry.response.end(`${entry.url}\n`);
    }

    /** Closes the connection of the oldest request. */
    breakOff(): void {
        this.held.shift()?.response.destroy();
    }

    /** Answers the oldest request, and all that come from now on. */
    answerAll(): void {
        this.answersAtOnce = true;
        while (this.held.length > 0) this.answer();
    }

    /** Answers none at once any longer. */
    holdAll(): void {
        this.answersAtOnce = false;
    }

    /** Resolves when it has had so many requests, all in all. */
    async seen(count: number): Promise<void> {
        await eventually(`the node sees ${count} requests`, () => this.urls.length >= count);
    }

    async [Symbol.asyncDispose](): Promise<void> {
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }
}
