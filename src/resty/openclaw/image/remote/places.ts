/** The servers from which images may be fetched: an entry of the option each, such as `cdn.example.com` or `http://*.example.org:8080`. Pure Lua. */
import type { Kind } from "../../config/kinds";
import * as problem from "../../config/problems";
import { canonical } from "../../core/http/address";
import * as texts from "../../core/text/text";
import type { Target } from "../../http_client";
import * as http_client from "../../http_client";

export interface Place {
    readonly scheme: "http" | "https";
    /** A name in small letters, that after `*.`, or an address as the system writes it, an IPv6 address in brackets. */
    readonly host: string;
    readonly port: number;
    /** Whether it is all names that end with a dot and the host. */
    readonly is_wildcard: boolean;
    /** Whether it is an address, of whatever kind: who lists it means it. */
    readonly is_address: boolean;
}

const EXPECTED = 'a host such as "cdn.example.com", "*.example.org", "cdn.example.com:8443" or "http://10.0.0.5:9000"';
const EXPECTED_OF_ADDRESS = 'an address with "http://" before it, as certificates are made for names';

/** Whether a host is a name, and nothing that a system takes for an address in some odd form, such as `0x7f.1` or `2130706433`. */
function is_name(host: string): boolean {
    let last = "";
    for (const label of texts.split(host, ".")) {
        if (label === "") return false;
        last = label;
    }
    // The name of a top-level domain begins with a letter (RFC 1123, section 2.1).
    const [letter] = string.find(last, "^%a");
    return letter !== undefined;
}

/** The address that a host is, as the system writes it; nothing for a name. */
function address_of(host: string): string | undefined {
    const [inside] = string.match(host, "^%[(.+)%]$");
    return canonical(inside ?? host);
}

function read_place(text: string): Place | undefined {
    const [scheme, rest] = string.match(text, "^(https?)://(.+)$");
    const [after_star] = string.match(rest ?? text, "^%*%.(.+)$");
    const its_scheme = (scheme ?? "https") as "http" | "https";
    const [target] = http_client.parse_url(`${its_scheme}://${after_star ?? rest ?? text}`);
    if (target === undefined || target.path !== "/") return undefined;
    const host = string.lower(target.host);
    const address = address_of(host);
    const is_wildcard = after_star !== undefined;
    if (is_wildcard ? address !== undefined || !is_name(host) : address === undefined && !is_name(host))
        return undefined;
    return {
        scheme: its_scheme,
        host: address ?? host,
        port: target.port,
        is_wildcard,
        is_address: address !== undefined,
    };
}

/** An entry of the list. */
export const PLACE: Kind<Place> = {
    name: "string",
    read: (given, path, problems) => {
        const place = typeof given === "string" ? read_place(given) : undefined;
        if (place === undefined) problem.add(problems, path, EXPECTED, given);
        else if (place.is_address && place.scheme === "https") problem.add(problems, path, EXPECTED_OF_ADDRESS, given);
        return place!;
    },
};

function is_of(place: Place, host: string): boolean {
    if (!place.is_wildcard) return place.host === host;
    const end = `.${place.host}`;
    return host.length > end.length && string.sub(host, -end.length) === end;
}

/** The entry that allows a URL; nothing if none does. The host of a name is compared in small letters. Phases: any. */
export function find(places: readonly Place[], { scheme, host, port }: Target): Place | undefined {
    const address = address_of(host);
    if (address === undefined && !is_name(host)) return undefined;
    const wanted = address ?? string.lower(host);
    for (const place of places) {
        const is_same = place.scheme === scheme && place.port === port && place.is_address === (address !== undefined);
        if (is_same && is_of(place, wanted)) return place;
    }
    return undefined;
}
