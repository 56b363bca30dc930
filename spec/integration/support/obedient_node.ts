/** How a node that does as it is told is configured, told and asked, in a container or as a process. */
import { readFileSync } from "node:fs";
import path from "node:path";

/** What such a node does, in Lua; where its configuration finds it. */
export const OBEDIENT_LUA = readFileSync(path.join(import.meta.dirname, "obedient_node.lua"), "utf8");
export const OBEDIENT_FILE = "obedient_node.lua";

/** Needs `obedient_node` to be that module. */
export const OBEDIENT_LOCATIONS = `
location /         { content_by_lua_block { obedient_node.answer() } }
location = /behave { content_by_lua_block { obedient_node.behave() } }
location = /seen   { content_by_lua_block { obedient_node.tell() } }
location = /health { content_by_lua_block { obedient_node.health() } }
location = /headers { content_by_lua_block { obedient_node.headers() } }
location = /stream { lua_check_client_abort on; content_by_lua_block { obedient_node.stream() } }
location = /order  { content_by_lua_block { obedient_node.order() } }
location = /big    { content_by_lua_block { obedient_node.big() } }
`;

export interface Behaviour {
    /** How long an answer takes, in seconds. */
    delay: number;
    status: number;
    /** For how many seconds it asks to be left alone; 0: does not. */
    retryAfter: number;
    /** The status of /health. */
    health: number;
}

export interface Seen {
    requests: number;
    /** Requests that are not answered yet. */
    waiting: number;
    answers: number;
    /** By how many the waiting ones ever exceeded the answers that were given. */
    most_ahead: number;
    /** Requests to /health, and when they came, in seconds. */
    checks: number;
    check_times: number[];
    /** Streams that go on, and those whose client went away. */
    streams: number;
    abandoned: number;
    /** What somebody has taken of /big. */
    big_bytes: number;
}

/** Anything with a URL, so a container or a process. */
export interface Obedient {
    url(path?: string): string;
}

/** Sends a request that is no part of what is tested. */
async function tell(node: Obedient, path: string): Promise<Response> {
    const answer = await fetch(node.url(path), { signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer;
}

/** What an obedient node does from now on; what is not named is as it was in the beginning. */
export async function behave(
    node: Obedient,
    { delay = 0, status = 200, retryAfter = 0, health = 200 }: Partial<Behaviour>,
): Promise<void> {
    const answer = await tell(
        node,
        `/behave?delay=${delay}&status=${status}&retry_after=${retryAfter}&health=${health}`,
    );
    await answer.text();
}

/** What an obedient node has seen since it was started. */
export async function seenBy(node: Obedient): Promise<Seen> {
    const seen = (await (await tell(node, "/seen")).json()) as Omit<Seen, "check_times"> & { check_times: string };
    return { ...seen, check_times: seen.check_times.split(" ").filter(Boolean).map(Number) };
}

/** Lets the stream of an obedient node go on by one piece, end, or break off. */
export async function order(node: Obedient, next: "go on" | "end" | "break off"): Promise<void> {
    const answer = await tell(node, `/order?next=${encodeURIComponent(next)}`);
    await answer.text();
}
