import http from "node:http";

/** An answer that is read as it comes. */
export class Streamed {
    private text = "";
    private readonly chunks: AsyncIterator<string>;

    private constructor(readonly answer: http.IncomingMessage) {
        // A reader that has left does not care how it ends.
        answer.on("error", () => undefined);
        this.chunks = (answer.setEncoding("utf8") as AsyncIterable<string>)[Symbol.asyncIterator]();
    }

    /** Resolves when the header of the answer has come. */
    static open(url: string, options: http.RequestOptions = {}): Promise<Streamed> {
        return new Promise((resolve, reject) => {
            const init = { agent: false, timeout: 20_000, ...options };
            const sent = http.request(url, init, (answer) => resolve(new Streamed(answer)));
            sent.on("timeout", () => sent.destroy(new Error("no answer in time")));
            sent.on("error", reject);
            sent.end();
        });
    }

    /** Resolves with all that has come, as soon as this text is there. Rejects when the answer ends or breaks before. */
    async until(text: string): Promise<string> {
        while (!this.text.includes(text)) {
            const { done, value } = await this.chunks.next();
            if (done === true) throw new Error(`the answer ends without "${text}": ${this.text}`);
            this.text += value;
        }
        return this.text;
    }

    /** Resolves with the whole answer. */
    async rest(): Promise<string> {
        for (;;) {
            const { done, value } = await this.chunks.next();
            if (done === true) return this.text;
            this.text += value;
        }
    }

    /** Closes the connection. */
    leave(): void {
        this.answer.destroy();
    }
}
