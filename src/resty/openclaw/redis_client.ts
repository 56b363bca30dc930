/**
 * A client of Redis or Valkey on lua-resty-redis: one server, several of which one is used, or a cluster; with user names, TLS, unix
 * sockets and kept connections. `ask` sends one command; who sends several at once uses `open` and `leave`.
 */
import type { RedisClient } from "resty.redis";
import * as in_time from "./core/time/in_time";
import * as bounded from "./redis_client/bounded";
import type { Redis } from "./redis_client/connection";
import * as connections from "./redis_client/connection";
import * as errors from "./redis_client/errors";
import * as options from "./redis_client/options";

export type { Redis };

export const SCHEMA = options.SCHEMA;
export const check = options.check;
export const kind_of = options.kind_of;
export const fingerprint = options.fingerprint;
export const address = options.address;
export const open = connections.open;
export const leave = connections.leave;
export const index_of = connections.index_of;
export const use_next_server = connections.use_next_server;
const create = connections.new;
export { create as new };

/** A key that moves is followed so many times. */
export const MOST_REDIRECTIONS = 3;

type Command = (this: void, client: RedisClient, ...words: string[]) => LuaMultiReturn<[reply: unknown, err?: string]>;

/** One command, which is sent by a light thread of its own. */
interface Question {
    readonly redis: Redis;
    readonly command: string;
    readonly words: readonly string[];
    /** The longest text in the reply; nothing where the library reads it. */
    readonly most_bytes: number | undefined;
    client: RedisClient | undefined;
    reply: unknown;
    /** Why there is no reply: what Redis says, or what happened to the connection. */
    err: string;
    /** Whether Redis has answered, if only with an error. */
    is_answered: boolean;
    /** Whether the connection was a kept one, which the server may have closed before. */
    was_kept: boolean;
}

/** Why there is no reply: Redis does not answer, or see `Cause` of its errors. */
export type Cause = "unreachable" | errors.Cause;

/** The reply; nil, why, and the cause. */
export type Answer = LuaMultiReturn<[reply: unknown, err?: undefined] | [reply: undefined, err: string, cause: Cause]>;

function exchange(client: RedisClient, question: Question): bounded.Reply {
    const { command, words, most_bytes } = question;
    if (most_bytes !== undefined) return bounded.exchange(client, most_bytes, command, words);
    return (client as unknown as Record<string, Command>)[command]!(client, ...words);
}

/** Sends the command to one server, and takes its reply. */
function attempt(question: Question, index: number, asks: boolean): void {
    const { redis } = question;
    question.is_answered = false;
    question.was_kept = false;
    const [client, err] = connections.open(redis, index);
    question.client = client;
    if (client === undefined) {
        question.err = err;
        return;
    }
    question.was_kept = connections.is_kept(client);
    if (asks) client.asking();
    const [reply, reply_err] = exchange(client, question);
    question.is_answered = reply !== undefined;
    if (reply === undefined || reply === false) question.err = errors.unwrapped(reply_err ?? "no reply");
    else question.reply = reply;
    // A new connection authenticates again, which may help after an error.
    if (reply === undefined || (reply === false && errors.cause_of(question.err) === "credentials")) client.close();
    else connections.leave(redis, client);
}

/** Whether the command goes to the same server again: one that was restarted has closed what was kept. One that is slow is not asked twice. */
function is_stale(question: Question, is_first: boolean): boolean {
    return is_first && question.was_kept && !question.is_answered && question.err !== "timeout";
}

/** The server to ask after one that gave no reply, if any may give another answer. */
function next_index(question: Question, index: number, servers_asked: number): number | undefined {
    const { redis } = question;
    if (question.is_answered && !errors.may_another_host_accept(question.err)) return undefined;
    if (redis.current === index) connections.use_next_server(redis);
    return servers_asked < redis.servers.length ? redis.current : undefined;
}

function follow(question: Question): void {
    const { redis } = question;
    let index: number | undefined = redis.current;
    let servers_asked = 1;
    let redirections = 0;
    let asks = false;
    let is_first = true;
    while (index !== undefined) {
        attempt(question, index, asks);
        if (question.reply !== undefined) return;
        const redirection = question.is_answered ? errors.redirection(question.err) : undefined;
        if (redirection !== undefined) {
            redirections += 1;
            asks = redirection.asks;
            index = redirections <= MOST_REDIRECTIONS ? connections.index_of(redis, index, redirection) : undefined;
            if (index !== undefined && !asks) redis.current = index;
        } else if (!is_stale(question, is_first)) {
            asks = false;
            index = next_index(question, index, servers_asked);
            servers_asked += 1;
        }
        is_first = false;
    }
}

function work(question: Question): void {
    // The library raises when it receives anything but the protocol of Redis.
    const [ok, err] = pcall(follow, question);
    if (ok) return;
    question.is_answered = false;
    question.err = `no reply of Redis: ${err}`;
    question.client?.close();
}

function answer(
    redis: Redis,
    seconds: number,
    most_bytes: number | undefined,
    command: string,
    words: readonly string[],
): Answer {
    const question: Question = {
        redis,
        command,
        words,
        most_bytes,
        client: undefined,
        reply: undefined,
        err: "",
        is_answered: false,
        was_kept: false,
    };
    const first = redis.current;
    const [is_done, err] = in_time.run(seconds, work, question);
    // A worker that was busy meanwhile learns at once that there is a reply and that the time is over.
    if (is_done === undefined && question.reply === undefined) {
        if (redis.current === first) connections.use_next_server(redis);
        const cause: Cause = "unreachable";
        return $multi(undefined, err, cause);
    }
    if (question.reply !== undefined) return $multi(question.reply);
    const likely = errors.cause_of(question.err);
    const cause: Cause = question.is_answered || likely === "credentials" ? likely : "unreachable";
    return $multi(undefined, question.err, cause);
}

/**
 * Asks one question, such as `ask(redis, 1, "hgetall", "a key")`. It follows redirections to servers that are configured, and asks the next
 * server where one cannot be reached. A connection that breaks is replaced once, so Redis may get the command twice. After `seconds` it gives
 * up. A reply that is nil in Redis is `ngx.null`. Phases: those that may yield. Never raises.
 */
export function ask(redis: Redis, seconds: number, command: string, ...words: string[]): Answer {
    return answer(redis, seconds, undefined, command, words);
}

/** The same, where the reply is one value, or a list of no more than 16, with texts of no more than `most_bytes`; a longer one is no reply. */
export function ask_within(
    redis: Redis,
    seconds: number,
    most_bytes: number,
    command: string,
    ...words: string[]
): Answer {
    return answer(redis, seconds, most_bytes, command, words);
}
