/** Parses the body of a PUT that changes a limit: `{"rate":20,"burst":40}`, or `{"tokens":200000}`. */
import * as fields from "../fields";
import type { LimitPatch, Unit } from "./shown";

/** As in the options of limits. */
const MOST_REQUESTS = 1e9;
const MOST_TOKENS = 1e12;

type Given = Readonly<Record<string, unknown>>;

function is_count(given: unknown, least: number, most: number): boolean {
    return given === undefined || (typeof given === "number" && given % 1 === 0 && given >= least && given <= most);
}

function check_requests(this: void, { rate, burst }: Given): string | undefined {
    if (rate === undefined && burst === undefined) return "The body must have rate or burst.";
    if (rate !== undefined && !(typeof rate === "number" && rate > 0 && rate <= MOST_REQUESTS)) {
        return "rate must be a number above 0, and at most 1000000000.";
    }
    return is_count(burst, 0, MOST_REQUESTS) ? undefined : "burst must be a whole number from 0 to 1000000000.";
}

function check_tokens(this: void, { tokens, burst }: Given): string | undefined {
    if (tokens === undefined && burst === undefined) return "The body must have tokens or burst.";
    if (!is_count(tokens, 1, MOST_TOKENS)) return "tokens must be a whole number from 1 to 1000000000000.";
    return is_count(burst, 1, MOST_REQUESTS) ? undefined : "burst must be a whole number from 1 to 1000000000.";
}

/** Reads the patch of a limit of requests or tokens. On failure nil, a code and a message. Phases: any. */
export function read(
    text: string,
    unit: Unit,
): LuaMultiReturn<[patch: LimitPatch] | [patch: undefined, code: "bad_json" | "bad_change", message: string]> {
    const name = unit === "tokens" ? "tokens" : "rate";
    const check = unit === "tokens" ? check_tokens : check_requests;
    const [given, code, message] = fields.read(text, [name, "burst"], check);
    if (given === undefined) return $multi(undefined, code!, message!);
    return $multi({ amount: given[name] as number | undefined, burst: given.burst as number | undefined });
}
