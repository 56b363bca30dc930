/** Addresses of nodes, in the one way in which the system, and so `$upstream_addr`, writes each of them. */
import * as ffi from "ffi";

ffi.cdef(`
int inet_pton(int family, const char *text, void *address);
const char *inet_ntop(int family, const void *address, char *text, unsigned int size);
`);

/** From Linux's socket.h. */
const AF_INET = 2;
const AF_INET6 = 10;

/** The longest IPv6 address has 45 letters. */
const TEXT_BYTES = 64;

const binary = ffi.new("char[16]");
const text = ffi.new(`char[${TEXT_BYTES}]`);

/**
 * An IP address as the system writes it, an IPv6 address within brackets as nginx wants it; nothing when the text is no
 * address. Brackets are not taken. Phases: any. Source: inet_pton(3) and inet_ntop(3).
 */
export function canonical(address: string): string | undefined {
    // A C string would end at a zero byte and leave the rest unseen.
    const [foreign] = string.find(address, "[^%x:.]");
    if (foreign !== undefined) return undefined;
    const [colon] = string.find(address, ":", 1, true);
    const family = colon === undefined ? AF_INET : AF_INET6;
    if (ffi.C.inet_pton!(family, address, binary) !== 1) return undefined;
    ffi.C.inet_ntop!(family, binary, text, TEXT_BYTES);
    const written = ffi.string(text);
    return colon === undefined ? written : `[${written}]`;
}

/** A port as its decimal digits; nothing when it is none of 1 to 65535. Phases: any. */
export function port_number(digits: string): number | undefined {
    const [decimal] = string.match(digits, "^0*(%d%d?%d?%d?%d?)$");
    const port = decimal === undefined ? 0 : tonumber(decimal)!;
    return port >= 1 && port <= 65535 ? port : undefined;
}

/**
 * "10.0.1.10:8000", "[::1]:8000" or "unix:/path" as host and port, in the system's way of writing; the port of a path
 * is 0, the host of an IPv6 address has its brackets. No host for all else, names too. Phases: any.
 */
export function host_and_port(address: string): LuaMultiReturn<[host: string | undefined, port: number]> {
    if (string.match(address, "^unix:/.")[0] !== undefined) return $multi(address, 0);
    const [plain, plain_digits] = string.match(address, "^([%d.]+):(%d+)$");
    const [bracketed, bracketed_digits] = string.match(address, "^%[(%x*:[%x:.]*)%]:(%d+)$");
    const port = port_number(plain_digits ?? bracketed_digits ?? "");
    const host = canonical(plain ?? bracketed ?? "");
    if (host === undefined || port === undefined) return $multi(undefined, 0);
    return $multi(host, port);
}

/** An address from its parts, as `$upstream_addr` shows it. Phases: any. */
export function shown(host: string, port: number): string {
    return port === 0 ? host : `${host}:${port}`;
}

/**
 * The address that a text stands for, as `$upstream_addr` shows it, and its parts; nothing for all else, names too.
 * Phases: any.
 */
export function parse(written: string): LuaMultiReturn<[address: string | undefined, host: string, port: number]> {
    const [host, port] = host_and_port(written);
    if (host === undefined) return $multi(undefined, "", 0);
    return $multi(shown(host, port), host, port);
}
