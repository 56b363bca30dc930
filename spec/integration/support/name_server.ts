import dgram from "node:dgram";
import type { AddressInfo } from "node:net";

/** The question again, and a record with a TTL of 1 second when it asks for A. */
function answer(question: Buffer, address: string): Buffer {
    const isForA = question.readUInt16BE(question.length - 4) === 1;
    const head = Buffer.from(question);
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(isForA ? 1 : 0, 6);
    if (!isForA) return head;
    return Buffer.concat([
        head,
        Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split(".").map(Number)]),
    ]);
}

/** A name server with one address for every host. */
export class NameServer {
    /** What A questions are answered; nothing is answered while there is none. */
    address: string | undefined;
    questions = 0;

    private constructor(private readonly socket: dgram.Socket) {}

    static async start(address: string): Promise<NameServer> {
        const socket = dgram.createSocket("udp4");
        const server = new NameServer(socket);
        server.address = address;
        socket.on("message", (question, from) => {
            server.questions += 1;
            if (server.address !== undefined) socket.send(answer(question, server.address), from.port, from.address);
        });
        await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
        return server;
    }

    get port(): number {
        return (this.socket.address() as AddressInfo).port;
    }

    [Symbol.dispose](): void {
        this.socket.close();
    }
}
