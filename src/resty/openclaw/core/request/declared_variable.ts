/** Whether nginx has a variable at all. Its value does not say so: a variable without a value looks like one that does not exist. */
import * as request from "./request";

/** How the names of variables begin that nginx and its modules make from the rest of the name, whatever it is. */
const PREFIXES = [
    "arg_",
    "cookie_",
    "http_",
    "jwt_claim_",
    "jwt_header_",
    "sent_http_",
    "sent_trailer_",
    "trailer_",
    "upstream_cookie_",
    "upstream_http_",
    "upstream_trailer_",
];

function has_prefix(name: string): boolean {
    for (const prefix of PREFIXES) if (string.sub(name, 1, prefix.length) === prefix) return true;
    return false;
}

/** nginx says of a variable that may not be set why: it exists, or it does not. */
function set_empty(this: void, name: string): void {
    ngx.var[name] = "";
}

/**
 * Whether nginx, one of its modules or nginx.conf defines the variable; a name without "$". May give an empty value to one that has none.
 * Not for each request. Phases: rewrite, access.
 */
export function exists(name: string): boolean {
    if (request.variable(name) !== undefined || has_prefix(string.lower(name))) return true;
    const [is_set, err] = pcall(set_empty, name);
    if (is_set) return true;
    const [missing] = string.find(tostring(err), "not found", 1, true);
    return missing === undefined;
}
