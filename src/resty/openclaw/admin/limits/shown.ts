/** The JSON of limits. docs/admin.md says what each field means. */
import * as names from "../../config/names";
import type { Given } from "../../core/text/json/shapes";
import { exact, flag, list_of, object, text } from "../../core/text/json/shapes";
import * as json from "../json";

/** What a limit counts. */
export type Unit = "requests" | "tokens";

/** A change of a rate; what is absent stays as it is. */
export interface LimitPatch {
    /** Requests or tokens. */
    readonly amount: number | undefined;
    readonly burst: number | undefined;
}

/** How much callers may do, now. */
export interface RateReport {
    /** Requests or tokens, in the limit's `per`. */
    readonly amount: number;
    readonly burst: number;
    /** Requests of the burst that are not delayed; nothing where none waits. */
    readonly delay: number | undefined;
    /** Whether an operator has changed it since nginx started. */
    readonly is_changed: boolean;
}

export interface ClassReport extends RateReport {
    readonly name: string;
}

/** What is known of a limit. */
export interface LimitReport {
    readonly name: string;
    readonly by: string;
    readonly unit: Unit;
    readonly per: string;
    /** Nothing where only API keys have rates. */
    readonly rate: RateReport | undefined;
    readonly classes: readonly ClassReport[];
    readonly store: string;
    readonly is_dry_run: boolean;
}

/** The limits of a route. Their methods never raise; all may be called in content. */
export interface Limited {
    /** What they are like now. */
    report(): LimitReport[];
    /**
     * Changes the rate of a limit, or of a class of callers; without a patch it is as configured again. Returns false if there is no
     * such rate, or with why it was not stored. May yield.
     */
    change(
        name: string,
        its_class: string | undefined,
        patch: LimitPatch | undefined,
    ): LuaMultiReturn<[is_changed: boolean, err?: string]>;
}

interface ClassJson {
    name: string;
    rate: number | null;
    tokens: number | null;
    burst: number;
    delay: number | null;
    changed: boolean;
}

interface LimitJson {
    route: string;
    name: string;
    by: string;
    per: string;
    rate: number | null;
    tokens: number | null;
    burst: number | null;
    delay: number | null;
    changed: boolean;
    store: string;
    dry_run: boolean;
    classes: ClassJson[];
}

interface LimitsJson {
    limits: LimitJson[];
}

const CLASS = object<ClassJson>()(
    ["name", text],
    ["rate", exact],
    ["tokens", exact],
    ["burst", exact],
    ["delay", exact],
    ["changed", flag],
);

const LIMIT = object<LimitJson>()(
    ["route", text],
    ["name", text],
    ["by", text],
    ["per", text],
    ["rate", exact],
    ["tokens", exact],
    ["burst", exact],
    ["delay", exact],
    ["changed", flag],
    ["store", text],
    ["dry_run", flag],
    ["classes", list_of(CLASS)],
);

const LIMITS = object<LimitsJson>()(["limits", list_of(LIMIT)]);

function class_fields(unit: Unit, { name, amount, burst, delay, is_changed }: ClassReport): Given<ClassJson> {
    return {
        name,
        rate: unit === "requests" ? amount : undefined,
        tokens: unit === "tokens" ? amount : undefined,
        burst,
        delay,
        changed: is_changed,
    };
}

function fields_of(route: string, report: LimitReport): Given<LimitJson> {
    const { name, by, unit, per, rate, store, is_dry_run } = report;
    return {
        route,
        name,
        by,
        per,
        rate: unit === "requests" ? rate?.amount : undefined,
        tokens: unit === "tokens" ? rate?.amount : undefined,
        burst: rate?.burst,
        delay: rate?.delay,
        changed: rate?.is_changed ?? false,
        store,
        dry_run: is_dry_run,
        classes: (put) => {
            for (const its_class of report.classes) put(class_fields(unit, its_class));
        },
    };
}

/** A limit. Phases: content; yields, as all here. */
export function limit(route: string, report: LimitReport): string {
    return json.written(LIMIT, fields_of(route, report));
}

/** A class of a limit. */
export function of_class(unit: Unit, report: ClassReport): string {
    return json.written(CLASS, class_fields(unit, report));
}

/** The limits of one route. */
export function of_route(route: string, limited: Limited): string {
    return json.written(LIMITS, {
        limits: (put) => {
            for (const report of limited.report()) put(fields_of(route, report));
        },
    });
}

/** The limits of all routes. */
export function all(limits: LuaMap<string, Limited>): string {
    return json.written(LIMITS, {
        limits: (put) => {
            for (const route of names.sorted(limits)) {
                for (const report of limits.get(route)!.report()) put(fields_of(route, report));
            }
        },
    });
}
