/** The configurations in nginx/scenarios, with the nginx of this machine. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { CHECKOUT } from "./checkout";
import { NativeNginx } from "./native_nginx";

/** Starts a configuration with other texts, each of which must be there; it includes the files of nginx/ by `nginx/…`. */
export async function startReplaced(text: string, replacements: Record<string, string>): Promise<NativeNginx> {
    for (const [from, to] of Object.entries(replacements)) {
        if (!text.includes(from)) throw new Error(`the configuration does not say: ${from}`);
        text = text.replaceAll(from, to);
    }
    const includes = readdirSync(path.join(CHECKOUT, "nginx")).filter((entry) => entry.endsWith(".conf"));
    const texts = includes.map((entry) => [
        `nginx/${entry}`,
        readFileSync(path.join(CHECKOUT, "nginx", entry), "utf8"),
    ]);
    return NativeNginx.start({ server: "", files: { "nginx.conf": text, ...Object.fromEntries(texts) } });
}

/** One of nginx/scenarios with other ports and paths; each of the replacements must find what it replaces. */
export function startNativeScenario(name: string, replacements: Record<string, string>): Promise<NativeNginx> {
    const text = readFileSync(path.join(CHECKOUT, `nginx/scenarios/${name}.conf`), "utf8");
    const logged = text.replace(/error_log stderr \w+/, "error_log error.log notice");
    return startReplaced(logged, { ...replacements, " ../": " nginx/" });
}
