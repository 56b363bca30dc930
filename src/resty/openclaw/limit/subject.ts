/** Whose requests a limit counts together. */
import * as kinds from "../config/kinds";
import * as client_network from "../core/request/client_network";
import * as request from "../core/request/request";

/** The key of the request at hand, which begins with `prefix`; nothing where the limit does not count it. */
export type Subject = (this: void, prefix: string) => string | undefined;

/** Longer keys are replaced by their digest. */
const MOST_BYTES = 128;

const IDENTITY = "openclaw_identity";
const METHOD = "openclaw_auth_method";
const TENANT = "openclaw_tenant";

/** The client's address or network. */
function client(this: void, prefix: string): string {
    return `${prefix}@${client_network.of_request()}`;
}

/** A text from outside. No other kind of subject makes the same key of it. */
function bounded(prefix: string, text: string): string {
    return text.length > MOST_BYTES ? `${prefix}#${ngx.md5(text)}` : `${prefix}=${text}`;
}

/** The tenant; of requests without one, the client. */
function tenant(this: void, prefix: string): string {
    const text = request.variable(TENANT);
    return text === undefined || text === "" ? client(prefix) : bounded(prefix, text);
}

/** Tokens and API keys with one name are not one caller. */
function identity(this: void, prefix: string): string {
    const text = request.variable(IDENTITY);
    if (text === undefined || text === "") return client(prefix);
    return bounded(request.variable(METHOD) === "api_key" ? `${prefix}key` : prefix, text);
}

/** The API key; requests without one are not counted. */
function key(this: void, prefix: string): string | undefined {
    if (request.variable(METHOD) !== "api_key") return undefined;
    return bounded(prefix, request.variable(IDENTITY) ?? "");
}

function route(this: void, prefix: string): string {
    return prefix;
}

const NAMED: Record<string, Subject | undefined> = {
    client,
    identity,
    tenant,
    key,
    route,
};

/** The variable that an entry of `by` names, without `$`; nothing if it is a word. Phases: init. */
export function variable_of(by: string): string | undefined {
    const [variable] = string.match(by, "^%$([%w_]+)$");
    return variable;
}

/** An entry of the option `by`. */
export const KIND = kinds.of<string>(
    "string",
    '"client", "identity", "tenant", "key", "route", or a variable such as "$http_x_camera"',
    (given) => {
        if (typeof given !== "string") return false;
        return NAMED[given] !== undefined || variable_of(given) !== undefined;
    },
);

/** The subject that an entry names. Requests in which a variable is empty are not counted, as with `limit_req`. Phases: init. */
export function of(by: string): Subject {
    const named = NAMED[by];
    if (named !== undefined) return named;
    const name = string.sub(by, 2);
    return (prefix) => {
        const text = request.variable(name);
        return text === undefined || text === "" ? undefined : bounded(prefix, text);
    };
}
