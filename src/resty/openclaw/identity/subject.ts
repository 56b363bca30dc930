/** Which variables may say who asks. */
import * as problem from "../config/problems";

/**
 * What nginx establishes itself or is configured with: `$remote_user` behind `auth_basic`, what a verified certificate says,
 * where the connection came from, and which gateway this is.
 */
const FIT = [
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

/** What clients, or nodes, write or choose; no word of the operator makes it fit. */
const UNFIT = [
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
    // Our own, all but the identity, are of requests and answers.
    "^openclaw_",
];

function is_fit(name: string): boolean {
    for (const fit of FIT) {
        if (name === fit) return true;
    }
    return string.find(name, CLAIMS)[0] !== undefined;
}

function is_unfit(name: string): boolean {
    for (const pattern of UNFIT) {
        if (string.find(name, pattern)[0] !== undefined) return true;
    }
    return false;
}

/**
 * The variable that says who asks, by the name that the operator gives it. Raises where clients could write it; `trusted`: the
 * operator's word that they cannot. Phases: init.
 */
export function check(option: string, given: string, trusted: boolean): string {
    // As nginx does with names.
    const name = string.lower(given);
    if (is_fit(name)) return name;
    const own = "a variable that clients cannot write";
    if (is_unfit(name)) problem.refuse(option, own, given);
    if (!trusted) {
        const known = table.concat(FIT, ", ");
        problem.refuse(option, `one of ${known}, jwt_claim_NAME, or, with trusted = true, ${own}`, given);
    }
    return name;
}

/** Whether nginx must have verified the client's certificate before the variable says anything. Phases: any. */
export function is_of_certificate(name: string): boolean {
    return string.sub(name, 1, 11) === "ssl_client_";
}

/** Whether nginx.conf has to declare the variable: nginx and its modules have no such one. Phases: any. */
export function is_declared(name: string): boolean {
    return !is_fit(name) || name === "openclaw_identity";
}
