import { defineConfig } from "vitest/config";

export default defineConfig({
    root: import.meta.dirname,
    cacheDir: "../../node_modules/.vite",
    // Node 20 does not know `await using`.
    oxc: { target: "es2022" },
    test: {
        // `make screenshot` asks for one that is no test.
        include: process.env.OPENCLAW_SCREENSHOT === undefined ? ["**/*.test.ts"] : ["dashboard.screenshot.ts"],
        env: {
            // The helper image of testcontainers is not needed: tools/integration.sh removes what is left behind.
            TESTCONTAINERS_RYUK_DISABLED: "true",
        },
        // Suites load all cores, and watch what happens then.
        fileParallelism: false,
        // More than one condition of a test may take all of the minute that eventually() waits.
        testTimeout: 180_000,
        hookTimeout: 180_000,
        teardownTimeout: 10_000,
    },
});
