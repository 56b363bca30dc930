/**
 * The list of purges in Redis, for all gateways that share answers there: a sorted set of filters, each with the number of its last purge,
 * and the epoch with the number 0. Numbers are moments of Redis' clock, in milliseconds, so none comes twice, not even in a Redis that has
 * gone back to older data. A Redis that has less than the caller knows has lost purges: then a new epoch begins, and everything is purged.
 */
import * as random from "../../core/bytes/random";
import type { Redis } from "../../redis_client";
import * as redis_client from "../../redis_client";
import * as filters from "./filter";
import type { List } from "./list";
import * as lists from "./list";

/** What is known: only the epoch of a shared list counts. */
export interface Known {
    readonly epoch: string;
    readonly last: number;
}

/** A purge in Redis. */
export interface Added {
    readonly epoch: string;
    readonly generation: number;
    /** Whether everything was purged, or Redis had lost purges. */
    readonly is_all: boolean;
}

/** Nobody waits but an operator, and a timer. */
const ASK_SECONDS = 1;
/** What an epoch has beside its moment: 96 bits. */
const SALT_NUMBERS = 3;
const MILLISECONDS = 1000;
/** More than any number. */
const MORE_THAN_ALL = "1e300";

/**
 * KEYS: the list. ARGV: the known epoch, empty for none; the known last number; the salt of a new epoch. Finds the epoch and the last number;
 * begins a new epoch, which is greater than all before, where there is none or purges were lost.
 */
const FIND = `
local key, known, salt = KEYS[1], ARGV[1], ARGV[3]
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local first = redis.call("ZRANGE", key, 0, 0)[1] or ""
local epoch = string.match(first, "^epoch=(%x+)$") or ""
local last = tonumber(redis.call("ZRANGE", key, -1, -1, "WITHSCORES")[2] or 0)
local is_new = epoch == "" or epoch < known or epoch == known and last < tonumber(ARGV[2])
if is_new then
    local before = math.max(tonumber(string.sub(known, 1, 16), 16) or 0, tonumber(string.sub(epoch, 1, 16), 16) or 0)
    epoch = string.format("%016x", math.max(now, before + 1)) .. salt
    last = 0
    redis.call("DEL", key)
    redis.call("ZADD", key, 0, "epoch=" .. epoch)
end
`;

/** Returns the epoch, the last number, and, if any of that is not the known, all lines as the file has them. */
const READ = `${FIND}
local lines = {}
if is_new or epoch ~= known or last ~= tonumber(ARGV[2]) then
    local all = redis.call("ZRANGE", key, 1, -1, "WITHSCORES")
    for at = #all - 1, 1, -2 do lines[#lines + 1] = string.format("%.0f %s\\n", all[at + 1], all[at]) end
end
return { epoch, string.format("%.0f", last), table.concat(lines) }
`;

/** Further ARGV: the filter; how many filters are kept, and how many bytes of them. Returns the epoch, the number, and 1 if it purges all. */
const ADD = `${FIND}
local filter = ARGV[4]
local generation = math.max(now, last + 1)
local is_all = filter == "${filters.ALL}"
if not is_all then
    redis.call("ZADD", key, generation, filter)
    local all, bytes = redis.call("ZRANGE", key, 1, -1), 0
    for _, one in ipairs(all) do bytes = bytes + #one + ${lists.NUMBER_BYTES} end
    is_all = #all > tonumber(ARGV[5]) or bytes > tonumber(ARGV[6])
end
if is_all then
    redis.call("DEL", key)
    redis.call("ZADD", key, 0, "epoch=" .. epoch, generation, "${filters.ALL}")
end
return { epoch, string.format("%.0f", generation), (is_all or is_new) and 1 or 0 }
`;

const NO_REPLY = "its reply is none to the question";

function ask(redis: Redis, script: string, words: readonly string[]): Result<unknown[]> {
    const most = lists.MOST_BYTES;
    const [reply, err] = redis_client.ask_within(redis, ASK_SECONDS, most, "eval", script, "1", ...words);
    if (reply === undefined) return $multi(undefined, err!);
    if (type(reply) !== "table") return $multi(undefined, NO_REPLY);
    return $multi(reply as unknown[]);
}

function words_of(name: string, its: Known): string[] {
    const { epoch, last } = its;
    const known = lists.is_shared(epoch) ? epoch : "";
    return [name, known, known === "" ? "0" : string.format("%.0f", last), random.hex(SALT_NUMBERS)];
}

function list_in(reply: readonly unknown[]): List | undefined {
    const [epoch, digits, lines] = reply;
    const last = tonumber(digits);
    if (typeof epoch !== "string" || !lists.is_shared(epoch) || last === undefined || typeof lines !== "string") {
        return undefined;
    }
    const at = Math.floor(last / MILLISECONDS) as WallTime;
    const list = lists.of_lines(epoch, last, at, lines);
    return list !== undefined && lists.is_legal(list) ? list : undefined;
}

/**
 * The list in the key of that name, if it is another one than is known; nothing if it is the same. On failure nil and why. Begins the list
 * where there is none. Phases: those that may yield; yields for a second at most.
 */
export function read(redis: Redis, name: string, known: Known): Result<List | "known"> {
    const [reply, err] = ask(redis, READ, words_of(name, known));
    if (reply === undefined) return $multi(undefined, err);
    const [epoch, digits] = reply;
    if (epoch === known.epoch && tonumber(digits) === known.last) return $multi("known");
    const list = list_in(reply);
    if (list === undefined) return $multi(undefined, `"${name}" has something else than purges`);
    return $multi(list);
}

/** Begins a new epoch, unless another gateway has done so: everything is purged. On failure why. Phases: as `read`. */
export function renew(redis: Redis, name: string, epoch: string): string | undefined {
    const [, err] = ask(redis, READ, [name, epoch, MORE_THAN_ALL, random.hex(SALT_NUMBERS)]);
    return err;
}

/** Adds a purge. On failure nil and why; then it may have been added nevertheless. Phases: as `read`. */
export function add(redis: Redis, name: string, known: Known, filter: string): Result<Added> {
    const words = words_of(name, known);
    words.push(filter);
    words.push(tostring(lists.MOST_FILTERS));
    words.push(tostring(lists.MOST_BYTES));
    const [reply, err] = ask(redis, ADD, words);
    if (reply === undefined) return $multi(undefined, err);
    const [epoch, digits, is_all] = reply;
    const generation = tonumber(digits);
    if (typeof epoch !== "string" || generation === undefined) return $multi(undefined, NO_REPLY);
    return $multi({ epoch, generation, is_all: is_all === 1 || epoch !== known.epoch });
}
