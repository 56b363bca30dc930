import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { CHECKOUT } from "./support/checkout";
import { checkDocument } from "./support/snippets";

function documents(): string[] {
    const docs = existsSync(`${CHECKOUT}/docs`) ? readdirSync(`${CHECKOUT}/docs`).map((name) => `docs/${name}`) : [];
    return ["README.md", ...docs].filter((name) => name.endsWith(".md") && existsSync(`${CHECKOUT}/${name}`));
}

describe("nginx starts with the snippets of", () => {
    test.for(documents())("%s", async (name) => {
        const { problems } = await checkDocument(path.join(CHECKOUT, name));
        expect(problems).toEqual([]);
    });

    test("a document that has one of each kind", async () => {
        const { checked, problems } = await checkDocument(path.join(import.meta.dirname, "fixtures/good.md"));
        expect(problems).toEqual([]);
        expect(checked).toBe(9);
    });
});

test("a wrong snippet is refused with its file and line", async () => {
    const { problems } = await checkDocument(path.join(import.meta.dirname, "fixtures/bad.md"));
    const file = "spec/integration/fixtures/bad.md";
    expect(problems).toEqual([
        expect.stringContaining(`${file}:3: a nginx snippet needs its context`),
        expect.stringContaining(`${file}:7: a lua snippet needs its context`),
        expect.stringMatching(`^${file}:11: .*proxy_pass_to_nowhere`),
        expect.stringMatching(`^${file}:15: .*unexpected symbol near 'then'`),
        expect.stringMatching(`^${file}:19: .*"1" is no name for a metric`),
        expect.stringMatching(`^${file}:24: .*<name> or '...' expected`),
    ]);
});
