/**
 * Streams that a node is sending, for requests in all workers: the leader puts each piece into shared memory, and each worker with readers
 * takes it from there once. Under the name of a stream stands how many pieces there are, with its state; under the name and a number, a
 * piece. A stream longer than its limit loses its first pieces: readers that are further behind are cut off.
 */
import type { Semaphore } from "ngx.semaphore";
import * as semaphores from "ngx.semaphore";
import * as clock from "../core/time/clock";
import * as leadership from "./leadership";
import * as rooms from "./room";
import * as turns from "./turns";

/** The node is sending. */
export const COMING = 1;
/** All has come, and the response has ended as it should. */
export const ENDED = 2;
/** It was cut short, or is gone. */
export const BROKEN = 3;

/** Pieces are forgotten after so many seconds: long after the last reader in another worker has taken them. */
export const SECONDS = 600;
/** The pieces of a stream that has ended are forgotten after so many seconds. */
const LAST_SECONDS = 2;
/** So many are forgotten before others have their turn. */
const AT_ONCE = 500;
/**
 * To wake a reader and to write to it costs about 15 µs, for one event or for several. So readers rest for so many seconds for each of them:
 * a stream with up to 125 readers takes 4 % of a worker. Measured by bench/cache.mjs.
 */
const PAUSE_SECONDS = 0.0004;
const LONGEST_PAUSE_SECONDS = 0.05;
/** How often a worker looks whether the process of the leader lives, in seconds. */
const ALIVE_SECONDS = 0.25;

/** A worker with readers says so as often; so long it is believed, in seconds. */
const READ_SECONDS = 5;

function readers_key(name: string): string {
    return `${name} readers`;
}

function piece_key(name: string, number: number): string {
    return `${name} ${number}`;
}

/** What the leader sends. */
export interface Sending {
    readonly dict: ngx.SharedDict;
    readonly name: string;
    /** How many bytes of it are kept. */
    readonly limit: number;
    readonly sizes: LuaTable<number, number>;
    first: number;
    count: number;
    bytes: number;
    /** Whether any worker had readers at the last look, and when that was. */
    is_read: boolean;
    looked_at: MonotonicTime;
}

/** Begins a stream. False where there is no room. Phases: header_filter. */
export function begin(dict: ngx.SharedDict, name: string, limit: number): Sending | undefined {
    if (!rooms.set(dict, name, 0, SECONDS, COMING)) return undefined;
    return {
        dict,
        name,
        limit,
        sizes: new LuaTable(),
        first: 1,
        count: 0,
        bytes: 0,
        is_read: true,
        looked_at: clock.now(),
    };
}

/** Sends a piece. False where there is no room for it. Phases: body_filter. */
export function send(sending: Sending, piece: string): boolean {
    const { dict, name, sizes, limit } = sending;
    const number = sending.count + 1;
    if (!rooms.set(dict, piece_key(name, number), piece, SECONDS)) return false;
    sizes.set(number, piece.length);
    sending.bytes += piece.length;
    while (sending.bytes > limit && sending.first < number) {
        sending.bytes -= sizes.get(sending.first);
        sizes.delete(sending.first);
        dict.delete(piece_key(name, sending.first));
        sending.first += 1;
    }
    sending.count = number;
    return rooms.set(dict, name, number, SECONDS, COMING);
}

/** Whether anybody has read the stream in the last seconds, in any worker. Phases: body_filter. */
export function is_read(sending: Sending): boolean {
    const now = clock.now();
    if (sending.is_read && now - sending.looked_at > ALIVE_SECONDS) {
        sending.looked_at = now;
        const [some] = sending.dict.get<boolean>(readers_key(sending.name));
        sending.is_read = some === true;
    }
    return sending.is_read;
}

/** Forgets the pieces when all workers have had them. */
function discard(this: void, _premature: boolean, sending: Sending): void {
    const { dict, name, count } = sending;
    for (const number of $range(sending.first, count)) {
        dict.delete(piece_key(name, number));
        if (number % AT_ONCE === 0) ngx.sleep(0);
    }
}

/** Ends the stream. Phases: body_filter, log. */
export function finish(sending: Sending, is_whole: boolean): void {
    const { dict, name, count } = sending;
    rooms.set(dict, name, count, SECONDS, is_whole ? ENDED : BROKEN);
    // Where there is no timer left, they end by themselves.
    ngx.timer.at(LAST_SECONDS, discard, sending);
}

/** A stream that requests of this worker read. */
export interface Live {
    readonly dict: ngx.SharedDict;
    readonly name: string;
    readonly limit: number;
    readonly pieces: LuaTable<number, string>;
    /** The first piece that is still here, and the last. */
    first: number;
    count: number;
    bytes: number;
    state: number;
    readonly semaphore: Semaphore;
    readers: number;
    /** The pieces from one on to another, together, as most readers want the same. */
    text: string;
    text_from: number;
    text_to: number;
    /** Whether pieces have come that readers who wait have not had. */
    has_news: boolean;
    /** When readers may be woken again. */
    wake_at: MonotonicTime;
    looked_at: MonotonicTime;
}

const lives = new LuaMap<string, Live>();
const in_turns = turns.new<Live>();

/** Takes what has come since the last look. */
function take(live: Live): void {
    const { dict, name, pieces } = live;
    const [count, state] = dict.get<number>(name);
    if (count === undefined) {
        live.state = BROKEN;
        return;
    }
    for (const number of $range(live.count + 1, count)) {
        const [piece] = dict.get<string>(piece_key(name, number));
        if (piece === undefined) {
            live.state = BROKEN;
            return;
        }
        pieces.set(number, piece);
        live.bytes += piece.length;
        live.count = number;
    }
    while (live.bytes > live.limit && live.first < live.count) {
        live.bytes -= pieces.get(live.first).length;
        pieces.delete(live.first);
        live.first += 1;
    }
    live.state = state ?? BROKEN;
}

function wake_all({ semaphore }: Live): void {
    const waiting = -semaphore.count();
    if (waiting > 0) semaphore.post(waiting);
}

function note_readers({ dict, name }: Live): void {
    rooms.set(dict, readers_key(name), true, READ_SECONDS);
}

/** Begins to read a stream; nothing if its beginning or its leader is gone, or there is no memory. Phases: access. */
export function join(dict: ngx.SharedDict, name: string, limit: number): Live | undefined {
    const known = lives.get(name);
    if (known !== undefined) {
        if (known.first > 1 || known.state === BROKEN) return undefined;
        known.readers += 1;
        return known;
    }
    const [semaphore] = semaphores.new(0);
    if (semaphore === undefined) return undefined;
    const live: Live = {
        dict,
        name,
        limit,
        pieces: new LuaTable(),
        first: 1,
        count: 0,
        bytes: 0,
        state: COMING,
        semaphore,
        readers: 1,
        text: "",
        text_from: 0,
        text_to: 0,
        has_news: false,
        wake_at: clock.now(),
        looked_at: clock.now(),
    };
    take(live);
    if (live.state === BROKEN || live.first > 1) return undefined;
    if (live.state !== COMING) return live;
    if (leadership.is_dead(name)) return undefined;
    lives.set(name, live);
    turns.add(in_turns, live);
    note_readers(live);
    return live;
}

/** The pieces from that one on, together; all of them must be here. Phases: access. */
export function text_from(live: Live, from: number): string {
    const { pieces, count } = live;
    if (from === count) return pieces.get(count);
    if (live.text_from !== from || live.text_to !== count) {
        live.text = table.concat(pieces as never, "", from, count);
        live.text_from = from;
        live.text_to = count;
    }
    return live.text;
}

/** Ends one request's reading. Phases: any with a request. */
export function leave(live: Live): void {
    live.readers -= 1;
    if (live.readers === 0 && lives.get(live.name) === live) lives.delete(live.name);
}

/** Takes what has come of a stream, and wakes its readers. Returns whether more may come for any. */
function stays(this: void, live: Live, now: MonotonicTime): boolean {
    if (live.readers === 0) return false;
    const before = live.count;
    take(live);
    if (live.state === COMING && now - live.looked_at > ALIVE_SECONDS) {
        live.looked_at = now;
        note_readers(live);
        if (leadership.was_dead(live.name, now)) live.state = BROKEN;
    }
    const is_over = live.state !== COMING;
    if (is_over) lives.delete(live.name);
    if (live.count > before) live.has_news = true;
    if (is_over || (live.has_news && now >= live.wake_at)) {
        live.has_news = false;
        live.wake_at = later(now, math.min(LONGEST_PAUSE_SECONDS, live.readers * PAUSE_SECONDS));
        wake_all(live);
    }
    return !is_over;
}

/** Looks at the streams whose turn it is. Returns whether any are read still. Phases: timer. */
export function look(now: MonotonicTime): boolean {
    return turns.look(in_turns, stays, now);
}
