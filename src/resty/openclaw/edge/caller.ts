/**
 * Who has sent a stored request: it is stored with the job, and a delivery has the same `$openclaw_identity`, `$openclaw_tenant`,
 * `$openclaw_class` and `$openclaw_auth_method`. So nothing that is kept for one caller is given to another.
 */
import * as request from "../core/request/request";
import { split } from "../core/text/text";
import type { Head } from "./store/record";

/** A delivery's header with the caller, which counts with a delivery token only. */
export const HEADER = "X-OpenClaw-Caller";
const HEADER_VARIABLE = "http_x_openclaw_caller";

const VARIABLES = ["openclaw_identity", "openclaw_tenant", "openclaw_class", "openclaw_auth_method"];

/** The caller of the present request, for the head of its job; nothing for one without an identity. Phases: content. */
export function present(): string[] | undefined {
    const values: string[] = [];
    for (const name of VARIABLES) values.push(request.variable(name) ?? "");
    return values[0] === "" ? undefined : values;
}

/** The header for the delivery of a job; nothing for one without a caller. Phases: any. */
export function header_of(head: Head): string | undefined {
    if (type(head.caller) !== "table") return undefined;
    const parts: string[] = [];
    for (const value of head.caller as unknown[]) parts.push(ngx.escape_uri(tostring(value)));
    return table.concat(parts, ";");
}

/** Makes the caller in the header that of the present request, which is a delivery, and removes the header. Phases: access. */
export function take_over(): void {
    const text = request.variable(HEADER_VARIABLE);
    if (text === undefined) return;
    ngx.req.clear_header(HEADER);
    const values = split(text, ";");
    for (const [place, name] of ipairs(VARIABLES)) {
        const value = values[place - 1] ?? "";
        if (value !== "") request.set_variable(name, ngx.unescape_uri(value));
    }
}
