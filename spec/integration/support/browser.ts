/** A real browser, and what a page in it does that it should not. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { chromium } from "playwright-core";
import { run } from "./checkout";

export async function startBrowser(): Promise<Browser> {
    const executablePath = (await run("sh", "-c", "command -v chromium-headless-shell")).trim();
    // Root has no sandbox.
    return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/** A page, and what was seen of it. */
export interface WatchedPage<T> extends AsyncDisposable {
    page: Page;
    /** Errors and warnings of its console, exceptions, and what its policy forbade. */
    problems: string[];
    /** The origins of all that it asked for. */
    origins: Set<string>;
    /** What it got as JSON, by `keyOf`. */
    answers: Map<string, T>;
}

/** Opens nothing yet. */
export async function newPage<T>(
    browser: Browser,
    keyOf: (answer: T) => string,
    options: BrowserContextOptions = {},
): Promise<WatchedPage<T>> {
    const context = await browser.newContext(options);
    await context.addInitScript(() => {
        document.addEventListener("securitypolicyviolation", (event) => {
            console.error("policy", event.violatedDirective, event.blockedURI, event.sample);
        });
    });
    const page = await context.newPage();
    const problems: string[] = [];
    const origins = new Set<string>();
    const answers = new Map<string, T>();
    page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("request", (request) => {
        const url = new URL(request.url());
        if (url.protocol !== "data:") origins.add(url.origin);
    });
    page.on("response", async (response) => {
        if (response.headers()["content-type"] !== "application/json" || !response.ok()) return;
        try {
            const answer = (await response.json()) as T;
            answers.set(keyOf(answer), answer);
        } catch {
            // The page was closed before the body was whole.
        }
    });
    return { page, problems, origins, answers, [Symbol.asyncDispose]: () => context.close() };
}
