import { defineConfig } from "vitest/config";
import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

/** What watches how load is shared or how long something takes, and so wants a core for itself. */
const WATCHFUL = [
    "commands",
    "disaster_recovery",
    "image_recognition",
    "node_cluster",
    "observability",
    "outage",
    "prometheus",
    "recovery_under_load",
    "reverse_proxy",
].map((name) => `${name}.test.ts`);

/** Take as long as many others together, so that nothing should wait for them in the end. */
const LONG = ["edge", "limit_redis", "scenarios", "compiled", "docs"].map((name) => `/${name}.test.ts`);

class LongFirst extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
        const sorted = await super.sort(files);
        const isLong = ({ moduleId }: TestSpecification) => LONG.some((name) => moduleId.endsWith(name));
        return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
    }
}

/** `make test` runs these beside the specs of this machine. */
const OTHERS = process.env.OPENCLAW_WITHOUT_SPECS === undefined ? [] : ["specs_in_containers.test.ts"];

const root = import.meta.dirname;
// Node 20 does not know `await using`.
const oxc = { target: "es2022" };
const shared = {
    env: {
        // The helper image of testcontainers is not needed: tools/integration.sh removes what is left behind.
        TESTCONTAINERS_RYUK_DISABLED: "true",
    },
    // More than one condition of a test may take all of the minute that eventually() waits.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 10_000,
};
const isScreenshot = process.env.OPENCLAW_SCREENSHOT !== undefined;

export default defineConfig({
    root,
    cacheDir: "../../node_modules/.vite",
    oxc,
    test: {
        sequence: { sequencer: LongFirst },
        projects: [
            {
                root,
                oxc,
                test: {
                    ...shared,
                    name: "three at a time",
                    // `make screenshot` asks for one that is no test.
                    include: isScreenshot ? ["dashboard.screenshot.ts"] : ["**/*.test.ts"],
                    exclude: [...WATCHFUL, ...OTHERS],
                    // They wait for half of their time.
                    maxWorkers: 3,
                    sequence: { groupOrder: 0 },
                },
            },
            {
                root,
                oxc,
                test: {
                    ...shared,
                    name: "two at a time",
                    include: isScreenshot ? [] : WATCHFUL,
                    maxWorkers: 2,
                    sequence: { groupOrder: 1 },
                },
            },
        ],
    },
});
