/** Writes the request line and headers (RFC 9112, sections 3 and 5), and rejects values with line breaks. Pure Lua. */

/** A token (RFC 9110, section 5.6.2): a method or a header name. */
const TOKEN = "^[%w!#$%%&'*+.^_`|~-]+$";

/** Headers about the message's framing, which callers may not set. */
const FRAMING = new LuaSet<string>();
FRAMING.add("connection");
FRAMING.add("content-length");
FRAMING.add("expect");
FRAMING.add("te");
FRAMING.add("trailer");
FRAMING.add("transfer-encoding");
FRAMING.add("upgrade");

function is_token(text: string): boolean {
    const [legal] = string.find(text, TOKEN);
    return legal !== undefined;
}

/** Whether a method may be sent: any token except CONNECT, which opens a tunnel. Phases: any. */
export function is_method(method: string): boolean {
    return is_token(method) && method !== "CONNECT";
}

/** Why a header may not be sent, or nothing. Phases: any. The reason never contains the value. */
export function header_fault(name: unknown, value: unknown): string | undefined {
    if (typeof name !== "string" || !is_token(name)) return "a header name is not a token";
    if (FRAMING.has(string.lower(name))) return `header ${name} is set by the client alone`;
    if (typeof value !== "string" && typeof value !== "number") return `header ${name} must be a string or a number`;
    const [odd] = string.find(tostring(value), "[^%C\t]");
    if (odd !== undefined) return `header ${name} has a control character in it`;
    return undefined;
}

/**
 * The request without its body, which has `body_bytes`. `host`: the value of the Host header, unless `headers` has one. Phases: any. On
 * failure nil and why.
 */
export function head(
    method: string,
    path: string,
    host: string,
    keep: boolean,
    headers: Record<string, string | number> | undefined,
    body_bytes: number | undefined,
): Result<string> {
    const parts: string[] = [method, " ", path, " HTTP/1.1\r\n"];
    let has_host = false;
    let has_agent = false;
    if (headers !== undefined) {
        for (const [name, value] of pairs(headers)) {
            const fault = header_fault(name, value);
            if (fault !== undefined) return $multi(undefined, fault);
            const lower = string.lower(name);
            if (lower === "host") has_host = true;
            if (lower === "user-agent") has_agent = true;
            parts.push(name);
            parts.push(": ");
            parts.push(tostring(value));
            parts.push("\r\n");
        }
    }
    if (!has_host) {
        parts.push("Host: ");
        parts.push(host);
        parts.push("\r\n");
    }
    if (!has_agent) parts.push("User-Agent: lua-resty-openclaw\r\n");
    if (!keep) parts.push("Connection: close\r\n");
    if (body_bytes !== undefined || method === "POST" || method === "PUT" || method === "PATCH") {
        parts.push("Content-Length: ");
        parts.push(tostring(body_bytes ?? 0));
        parts.push("\r\n");
    }
    parts.push("\r\n");
    return $multi(table.concat(parts));
}
