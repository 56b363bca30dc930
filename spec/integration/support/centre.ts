/** The far end of a link: answers, keeps what it was sent, and can be gone for a while. */
import { createHash } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";

export interface Received {
    method: string;
    url: string;
    headers: http.IncomingHttpHeaders;
    bytes: number;
    sha256: string;
    /** The body, where it is short. */
    text: string;
}

export interface Reply {
    status?: number;
    headers?: Record<string, string>;
    body?: string | Buffer;
    /** Milliseconds until it comes. */
    delay?: number;
    /** Closes the connection instead. */
    breaksOff?: boolean;
}

const SHORT = 1000;

function receive(request: http.IncomingMessage): Promise<Received> {
    return new Promise((resolve, reject) => {
        const hash = createHash("sha256");
        const chunks: Buffer[] = [];
        let bytes = 0;
        request.on("data", (chunk: Buffer) => {
            hash.update(chunk);
            if (bytes < SHORT) chunks.push(chunk);
            bytes += chunk.length;
        });
        request.on("error", reject);
        request.on("end", () => {
            const { method = "", url = "", headers } = request;
            const text = bytes <= SHORT ? Buffer.concat(chunks).toString() : "";
            resolve({ method, url, headers, bytes, sha256: hash.digest("hex"), text });
        });
    });
}

export class Centre {
    /** All that has come whole, the oldest first. */
    readonly received: Received[] = [];
    /** What it answers; it repeats the body unless told otherwise. */
    reply: (received: Received) => Reply = ({ text }) => ({ body: text });

    private server: http.Server;
    private readonly connections = new Set<import("node:net").Socket>();

    private constructor(readonly port: number) {
        this.server = http.createServer();
    }

    static async start(): Promise<Centre> {
        const server = http.createServer();
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        const { port } = server.address() as AddressInfo;
        await new Promise((resolve) => server.close(resolve));
        const centre = new Centre(port);
        await centre.comeUp();
        return centre;
    }

    get address(): string {
        return `127.0.0.1:${this.port}`;
    }

    get isUp(): boolean {
        return this.server.listening;
    }

    private async answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
        const received = await receive(request);
        this.received.push(received);
        const { status = 200, headers = {}, body = "", delay = 0, breaksOff = false } = this.reply(received);
        await new Promise((resolve) => setTimeout(resolve, delay));
        if (breaksOff) request.socket.destroy();
        else response.writeHead(status, headers).end(body);
    }

    /** Nobody listens any more, and all connections break. */
    async goDown(): Promise<void> {
        const closed = new Promise((resolve) => this.server.close(resolve));
        for (const socket of this.connections) socket.destroy();
        await closed;
    }

    async comeUp(): Promise<void> {
        this.server = http.createServer((request, response) => {
            this.answer(request, response).catch(() => request.socket.destroy());
        });
        this.server.on("connection", (socket) => {
            this.connections.add(socket);
            socket.on("close", () => this.connections.delete(socket));
        });
        await new Promise<void>((resolve) => this.server.listen(this.port, "127.0.0.1", resolve));
    }

    async [Symbol.asyncDispose](): Promise<void> {
        if (this.isUp) await this.goDown();
    }
}
