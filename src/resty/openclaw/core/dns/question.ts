/** Asks the DNS: several questions concurrently, each with a time limit. */
import * as semaphore from "ngx.semaphore";
import type { DnsLibrary, DnsRecord } from "resty.dns.resolver";
import * as random from "../bytes/random";
import * as clock from "../time/clock";
import type { Server } from "./servers";

/** RFC 1035, RFC 3596 and RFC 2782. */
export const TYPE_A = 1;
export const TYPE_AAAA = 28;
export const TYPE_SRV = 33;

/** RFC 1035, section 4.1.1: there is no such name. All other codes are errors. */
const NAME_ERROR = 3;
const CLASS_IN = 1;
const ANSWER_SECTION = 1;

const QUESTIONS_AT_ONCE = 4;
const MOST_SECONDS = 30;

/** How questions are asked. */
export interface Asking {
    /** Nothing if there is no name to look up. */
    readonly library: DnsLibrary | undefined;
    readonly servers: readonly Server[];
    /** Of one attempt. */
    readonly timeout_ms: number;
    readonly attempts: number;
}

export interface Question {
    readonly host: string;
    readonly type: number;
    /** The records of the type that was asked for; nothing without an answer, see `err`. */
    records: readonly DnsRecord[] | undefined;
    /** All other records, including those of the additional section. */
    others: readonly DnsRecord[];
    /** How many seconds the answer is valid: the least TTL of its records. Below 0 means 0 (RFC 2181, section 8). */
    seconds: number;
    /** Why there is no answer, or why it is empty. */
    err: string | undefined;
}

/** A question that was not asked yet. */
export function question(host: string, type: number): Question {
    return { host, type, records: undefined, others: [], seconds: math.huge, err: "never asked" };
}

function take(asked: Question, answers: readonly DnsRecord[]): void {
    const records: DnsRecord[] = [];
    const others: DnsRecord[] = [];
    for (const record of answers) {
        const is_answer = record.section === ANSWER_SECTION;
        if (is_answer && record.type === asked.type && record.class === CLASS_IN) records.push(record);
        else others.push(record);
        if (is_answer) asked.seconds = math.min(asked.seconds, record.ttl);
    }
    asked.records = records;
    asked.others = others;
    asked.err = records.length === 0 ? "no such records" : undefined;
}

/** Asks one server, with a new object of the library, and so a new socket, which gets no answers to other questions. */
function put(settings: Asking, asked: Question, server: Server): void {
    const [resolver, err] = settings.library!.new({ nameservers: [server], timeout: settings.timeout_ms, retrans: 1 });
    if (resolver === undefined) {
        asked.err = err;
        return;
    }
    // The library takes its ids from LuaJIT's random numbers, which are predictable.
    resolver._id = math.floor(random.share() * 0x10000);
    const [answers, query_err] = resolver.query(asked.host, {
        qtype: asked.type,
        additional_section: asked.type === TYPE_SRV,
    });
    if (answers === undefined) {
        asked.err = query_err;
    } else if (answers.errcode === NAME_ERROR) {
        take(asked, []);
        asked.err = answers.errstr;
    } else if (answers.errcode !== undefined) {
        asked.err = answers.errstr;
    } else {
        take(asked, answers);
    }
}

/** Asks one server after another. The library itself does so only if a server does not answer. */
function ask_in_turn(settings: Asking, asked: Question, done: semaphore.Semaphore): void {
    const servers = settings.servers;
    let place = math.floor(random.share() * servers.length);
    let attempts = 0;
    while (asked.records === undefined && attempts < settings.attempts) {
        // The library raises on truncated packets.
        const [ok, err] = pcall(put, settings, asked, servers[place]!);
        if (!ok) asked.err = `broken answer: ${tostring(err)}`;
        place = (place + 1) % servers.length;
        attempts += 1;
    }
    done.post(1);
}

function ask_some(settings: Asking, questions: readonly Question[], first: number, last: number): void {
    const done = semaphore.new()[0]!;
    const threads: ngx.thread.Thread[] = [];
    for (const place of $range(first, last)) {
        const asked = questions[place - 1]!;
        asked.err = "no answer in time";
        threads.push(ngx.thread.spawn(ask_in_turn, settings, asked, done));
    }
    // All attempts over UDP, and one over TCP. The library itself starts its timeout again with each packet that has a wrong id.
    const give_up = later(clock.now(), ((settings.attempts + 2) * settings.timeout_ms) / 1000);
    for (const _ of $range(first, last)) done.wait(math.max(give_up - clock.now(), 0));
    for (const place of $range(1, threads.length)) ngx.thread.kill(threads[place - 1]!);
}

/**
 * Asks the questions, and stores the answers in them. Yields; takes at most 30 seconds plus the time of one question, which is that of two more
 * attempts than it may have. Phases: timer, access.
 */
export function ask(settings: Asking, questions: readonly Question[]): void {
    const give_up = later(clock.now(), MOST_SECONDS);
    let first = 1;
    while (first <= questions.length && clock.now() < give_up) {
        const last = math.min(first + QUESTIONS_AT_ONCE - 1, questions.length);
        ask_some(settings, questions, first, last);
        first = last + 1;
    }
}
