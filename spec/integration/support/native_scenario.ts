/** The configurations in nginx/scenarios, with the nginx of this machine. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { CHECKOUT } from "./checkout";
import { NativeNginx } from "./native_nginx";

/** One of nginx/scenarios with other ports and paths; each of the replacements must find what it replaces. */
export async function startNativeScenario(name: string, replacements: Record<string, string>): Promise<NativeNginx> {
    const file = `nginx/scenarios/${name}.conf`;
    let text = readFileSync(path.join(CHECKOUT, file), "utf8");
    const all = { "error_log stderr error": "error_log error.log notice", ...replacements, " ../": " nginx/" };
    for (const [from, to] of Object.entries(all)) {
        if (!text.includes(from)) throw new Error(`${file} does not say: ${from}`);
        text = text.replaceAll(from, to);
    }
    const includes = readdirSync(path.join(CHECKOUT, "nginx")).filter((entry) => entry.endsWith(".conf"));
    return NativeNginx.start({
        server: "",
        files: {
            "nginx.conf": text,
            ...Object.fromEntries(
                includes.map((entry) => [`nginx/${entry}`, readFileSync(path.join(CHECKOUT, "nginx", entry), "utf8")]),
            ),
        },
    });
}
