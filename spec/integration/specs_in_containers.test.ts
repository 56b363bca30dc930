import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { GenericContainer } from "testcontainers";
import { test } from "vitest";
import { CHECKOUT } from "./support/checkout";
import { BOOKWORM, buildSpecsImage, LABELS, TRIXIE } from "./support/gateway_container";

// "30 successes / 0 failures / 0 errors / 0 pending : 1.2 seconds"
const SUMMARY = /^(\d+) success(?:es)? \/ 0 failures \/ 0 errors /m;

/** `make test` has run the specs with this machine's own nginx: once more with the same one would tell nothing new. */
function isOwn(base: string): boolean {
    const [, name] = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync("/etc/os-release", "utf8")) ?? [];
    return base === `debian:${name}-slim`;
}

/** What busted says of failures, or the end of an output without a word of them. */
function whatFailed(output: string): string {
    const beginning = output.search(/^(Failure|Error) (→|->) /m);
    return beginning < 0 ? output.slice(-8000) : output.slice(beginning, beginning + 8000);
}

test.concurrent.each([TRIXIE, BOOKWORM].filter((base) => !isOwn(base)))(
    "the specs pass on %s",
    async (base) => {
        const folders = ["lua-out", "nginx", "demo", "docs", "examples", "bench", "spec", "tools", "types"];
        const copies = folders.map((name) => ({ source: path.join(CHECKOUT, name), target: `/opt/openclaw/${name}` }));
        const rockspecs = readdirSync(CHECKOUT).filter((name) => name.endsWith(".rockspec"));
        const pages = readdirSync(CHECKOUT).filter((name) => name.endsWith(".md"));
        const names = [".busted", "dist.ini", "package.json", ...pages, ...rockspecs];
        const files = names.map((name) => ({ source: path.join(CHECKOUT, name), target: `/opt/openclaw/${name}` }));
        await using container = await new GenericContainer(await buildSpecsImage(base))
            .withLabels(LABELS)
            .withCopyDirectoriesToContainer(copies)
            .withCopyFilesToContainer(files)
            .withCommand(["sleep", "infinity"])
            .start();
        // The simulations are long, and the policies that they run do not depend on nginx.
        const { output, exitCode } = await container.exec(["env", "ARGS=--exclude-tags=simulation", "tools/spec.sh"]);
        if (exitCode !== 0 || !SUMMARY.test(output)) throw new Error(whatFailed(output));
    },
    1_600_000,
);
