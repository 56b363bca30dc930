/** Does something so many times a second, however long it takes each time, until it is stopped. */
export class PacedLoad {
    /** What it rejected with. */
    readonly errors: unknown[] = [];
    done = 0;
    private readonly open = new Set<Promise<void>>();
    private readonly timer: NodeJS.Timeout;

    constructor(
        perSecond: number,
        private readonly work: () => Promise<void>,
    ) {
        const began = Date.now();
        let begun = 0;
        this.timer = setInterval(() => {
            // Timers are late when the machine is busy.
            for (; begun < ((Date.now() - began) / 1000) * perSecond; begun += 1) this.begin();
        }, 5);
    }

    private begin(): void {
        const one = this.work()
            .then(() => {
                this.done += 1;
            })
            .catch((error: unknown) => {
                this.errors.push(error);
            })
            .finally(() => this.open.delete(one));
        this.open.add(one);
    }

    /** Resolves when all that has begun is done. */
    async stop(): Promise<void> {
        clearInterval(this.timer);
        await Promise.all(this.open);
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.stop();
    }
}
