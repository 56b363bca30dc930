/** Which variables may hold the identity of the caller. */
import * as problem from "../config/problems";

/**
 * Variables that nginx sets itself: `$remote_user` behind `auth_basic`, fields of a verified certificate, the address of the connection,
 * and names of this gateway.
 */
const SAFE = [
    "hostname",
    "openclaw_identity",
    "realip_remote_addr",
    "remote_addr",
    "remote_user",
    "server_name",
    "ssl_client_fingerprint",
    "ssl_client_s_dn",
    "ssl_client_serial",
];
/** Claims of tokens that `auth_jwt` has verified. */
const CLAIMS = "^jwt_claim_[%w_]+$";

/** Variables that clients or nodes control; these are refused even with `trusted`. */
const CONTROLLED_BY_CLIENTS = [
    "^http_",
    "^arg_",
    "^cookie_",
    "^sent_",
    "^trailer_",
    "^upstream_",
    "^request",
    "^ssl_server_name$",
    "^ssl_preread",
    "^ssl_client_raw_cert$",
    "^proxy_",
    "^is_args$",
    "^args$",
    "^query_string$",
    "^host$",
    "^uri$",
    "^document_uri$",
    "^content_",
    "^scheme$",
    "^server_protocol$",
    "^server_port$",
    // Our own variables, except for the identity, describe requests and responses.
    "^openclaw_",
];

function is_safe(name: string): boolean {
    for (const safe of SAFE) {
        if (name === safe) return true;
    }
    return string.find(name, CLAIMS)[0] !== undefined;
}

function is_controlled_by_clients(name: string): boolean {
    for (const pattern of CONTROLLED_BY_CLIENTS) {
        if (string.find(name, pattern)[0] !== undefined) return true;
    }
    return false;
}

/**
 * Checks the name of the variable with the identity, and returns it. Raises where clients could control the variable; `trusted`: the
 * operator states that they cannot. Phases: init.
 */
export function check(option: string, given: string, trusted: boolean): string {
    // As nginx does with names.
    const name = string.lower(given);
    if (is_safe(name)) return name;
    const expected = "a variable that clients cannot write";
    if (is_controlled_by_clients(name)) problem.refuse(option, expected, given);
    if (!trusted) {
        const known = table.concat(SAFE, ", ");
        problem.refuse(option, `one of ${known}, jwt_claim_NAME, or, with trusted = true, ${expected}`, given);
    }
    return name;
}

/** Whether the variable is only valid once nginx has verified the client's certificate. Phases: any. */
export function is_of_certificate(name: string): boolean {
    return string.sub(name, 1, 11) === "ssl_client_";
}

/** Whether nginx.conf has to declare the variable, as nginx and its modules do not have it. Phases: any. */
export function is_declared(name: string): boolean {
    return !is_safe(name) || name === "openclaw_identity";
}
