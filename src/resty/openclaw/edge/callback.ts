/** Where a client wishes to be told of the answer to its job: only where the operator allows it. */
import * as http_client from "../http_client";
import type { Settings } from "./jobs/settings";

const MOST_BYTES = 2048;

/**
 * Why nobody may be told of an answer at this URL, or nothing. The URL comes from outside: it must be https unless
 * `callback_plain` is set, and its host, with its port where that is not the usual one, must be listed. Phases: any.
 */
export function fault(settings: Settings, url: string): string | undefined {
    if (url.length > MOST_BYTES) return "it is too long";
    const [target, err] = http_client.parse_url(url);
    if (target === undefined) return err;
    if (target.scheme !== "https" && !settings.callback_plain) return "it is not https";
    const host = string.lower(target.host);
    const usual_port = target.scheme === "https" ? 443 : 80;
    if (target.port === usual_port && settings.callback_hosts.has(host)) return undefined;
    if (settings.callback_hosts.has(`${host}:${target.port}`)) return undefined;
    return "its host is not allowed";
}
