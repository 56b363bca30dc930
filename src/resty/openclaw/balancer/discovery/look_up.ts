/**
 * Finds the addresses of one name. If a question gets no answer, the addresses of the former answer are kept: a slow server must
 * not remove nodes.
 */
import type { DnsRecord } from "resty.dns.resolver";
import type { Question } from "../../core/dns/question";
import { ask, question, TYPE_A, TYPE_AAAA, TYPE_SRV } from "../../core/dns/question";
import { canonical, shown } from "../../core/http/address";
import type { Entry } from "./entries";
import { MOST_ENTRIES, tidy } from "./entries";
import type { Name } from "./name";
import type { Place } from "./service";
import { places_of, question_about } from "./service";
import type { Settings } from "./settings";

export interface Answer {
    readonly entries: Entry[];
    /** How many seconds it is valid, by the TTLs of the records. */
    readonly seconds: number;
    /** Whether all questions were answered. */
    readonly is_complete: boolean;
    /** For the log, if something is wrong with it. */
    readonly warning: string | undefined;
}

interface Findings {
    readonly before: readonly Entry[];
    readonly entries: Entry[];
    /** How many of the entries are not from the former answer. */
    fresh: number;
    seconds: number;
    /** Why a question was not answered. */
    warning: string | undefined;
    /** Why there are no fresh entries, if there are none. */
    reason: string;
}

/** 0.0.0.0 and :: are this machine; some servers return them for blocked hosts. */
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
        findings.warning = `${asked.host}: ${asked.err}`;
        return;
    }
    add_fresh(findings, place, asked.records);
    findings.seconds = math.min(findings.seconds, asked.seconds);
    if (asked.err !== undefined) findings.reason = `${asked.host}: ${asked.err}`;
}

type QuestionsByHost = LuaTable<string, Question>;

/** A question for each host, answered if the answer came with the SRV records. */
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
        return $multi(undefined, findings.warning ?? findings.reason);
    }
    const is_complete = findings.warning === undefined;
    const entries = tidy(findings.entries);
    if (entries.length > MOST_ENTRIES) findings.warning = `more than ${MOST_ENTRIES} addresses, the rest is left out`;
    while (entries.length > MOST_ENTRIES) table.remove(entries);
    return $multi({ entries, seconds: findings.seconds, is_complete, warning: findings.warning });
}

/**
 * The addresses of a name, sorted by their text; empty if an SRV record says that there is no service. On failure nil and why.
 * Yields. Phases: timer.
 * @param before the former answer, empty at first
 */
export function look_up(settings: Settings, name: Name, before: readonly Entry[]): Result<Answer> {
    const findings: Findings = {
        before,
        entries: [],
        fresh: 0,
        seconds: math.huge,
        warning: undefined,
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
