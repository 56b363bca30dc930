/**
 * Finds the addresses of one name. What a question that gets no answer would have told is taken from the answer before:
 * a slow server must not take nodes away.
 */
import type { DnsRecord } from "resty.dns.resolver";
import { canonical, shown } from "../../core/http/address";
import { MOST_ENTRIES, tidy } from "./entries";
import type { Entry } from "./entries";
import type { Name } from "./name";
import { TYPE_A, TYPE_AAAA, TYPE_SRV, ask, question } from "./question";
import type { Question } from "./question";
import { places_of, question_about } from "./service";
import type { Place } from "./service";
import type { Settings } from "./settings";

export interface Answer {
    readonly entries: Entry[];
    /** For how many seconds it holds, by the records' TTLs. */
    readonly seconds: number;
    /** Whether no question stayed without an answer. */
    readonly is_whole: boolean;
    /** What is wrong with it all the same. */
    readonly complaint: string | undefined;
}

interface Findings {
    readonly before: readonly Entry[];
    readonly entries: Entry[];
    /** How many of the entries are not from before. */
    fresh: number;
    seconds: number;
    /** Why a question stayed without an answer. */
    complaint: string | undefined;
    /** Why there is nothing fresh, if so. */
    reason: string;
}

/** 0.0.0.0 and :: are the machine itself: some servers name them for hosts that they hide. */
function is_usable(host: string | undefined): host is string {
    return host !== undefined && host !== "0.0.0.0" && host !== "[::]";
}

function entry(host: string, place: Place): Entry {
    return { address: shown(host, place.port), host, port: place.port, weight: place.weight, target: place.host };
}

function add_fresh(findings: Findings, place: Place, records: readonly DnsRecord[]): void {
    for (const record of records) {
        const host = canonical(record.address ?? "");
        if (is_usable(host)) {
            findings.entries.push(entry(host, place));
            findings.fresh += 1;
        }
    }
}

function add_from_before(findings: Findings, place: Place, type: number): void {
    for (const known of findings.before) {
        const known_type = string.sub(known.host, 1, 1) === "[" ? TYPE_AAAA : TYPE_A;
        if (known.target === place.host && known_type === type) findings.entries.push(entry(known.host, place));
    }
}

function add(findings: Findings, place: Place, asked: Question): void {
    if (asked.records === undefined) {
        add_from_before(findings, place, asked.type);
        findings.complaint = `${asked.host}: ${asked.err}`;
        return;
    }
    add_fresh(findings, place, asked.records);
    findings.seconds = math.min(findings.seconds, asked.seconds);
    if (asked.err !== undefined) findings.reason = `${asked.host}: ${asked.err}`;
}

type QuestionsByHost = LuaTable<string, Question>;

/** Adds a question for each host, answered where the answer came along. */
function prepare(places: readonly Place[], type: number, came_along: readonly DnsRecord[]): QuestionsByHost {
    const questions: QuestionsByHost = new LuaTable();
    for (const { host } of places) {
        if (!questions.has(host)) questions.set(host, question_about(host, type, came_along));
    }
    return questions;
}

function add_unanswered(list: Question[], questions: QuestionsByHost): void {
    for (const [, one] of questions) {
        if (one.records === undefined) list.push(one);
    }
}

function look_up_places(
    settings: Settings,
    places: readonly Place[],
    came_along: readonly DnsRecord[],
    findings: Findings,
): Result<Answer> {
    const ipv4 = prepare(places, TYPE_A, came_along);
    const ipv6 = prepare(settings.ipv6 ? places : [], TYPE_AAAA, came_along);
    const unanswered: Question[] = [];
    add_unanswered(unanswered, ipv4);
    add_unanswered(unanswered, ipv6);
    ask(settings, unanswered);
    for (const place of places) {
        add(findings, place, ipv4.get(place.host));
        if (settings.ipv6) add(findings, place, ipv6.get(place.host));
    }
    if (findings.fresh === 0 && places.length > 0) {
        return $multi(undefined, findings.complaint ?? findings.reason);
    }
    const is_whole = findings.complaint === undefined;
    const entries = tidy(findings.entries);
    if (entries.length > MOST_ENTRIES) findings.complaint = `more than ${MOST_ENTRIES} addresses, the rest is left out`;
    while (entries.length > MOST_ENTRIES) table.remove(entries);
    return $multi({ entries, seconds: findings.seconds, is_whole, complaint: findings.complaint });
}

/**
 * The addresses of a name, in the order of their text; an empty list when an SRV record says that there is no service.
 * Nil and why when nothing new is known. Yields. Phases: timer.
 * @param before what the name stood for before, empty at first
 */
export function look_up(settings: Settings, name: Name, before: readonly Entry[]): Result<Answer> {
    const findings: Findings = {
        before,
        entries: [],
        fresh: 0,
        seconds: math.huge,
        complaint: undefined,
        reason: "no usable address",
    };
    if (name.port !== undefined) {
        return look_up_places(settings, [{ host: name.host, port: name.port, weight: 1 }], [], findings);
    }
    const service = question(name.host, TYPE_SRV);
    ask(settings, [service]);
    if (service.records === undefined || service.records.length === 0) return $multi(undefined, service.err!);
    const [places, err] = places_of(service.records);
    if (places === undefined) return $multi(undefined, err);
    findings.seconds = service.seconds;
    return look_up_places(settings, places, service.others, findings);
}
