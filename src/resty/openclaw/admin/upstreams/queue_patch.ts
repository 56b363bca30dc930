/** Parses the body of a PUT that changes a queue: `{"concurrency":20}`. */
import * as fields from "../fields";

const KNOWN = ["concurrency"];
const EXPECTED =
    "concurrency must be a whole number from 1 to 1000000. " +
    'DELETE of queue/changes goes back to what nginx.conf says, such as "learned".';
/** As in the option `queue`. */
const MOST_CONCURRENCY = 1000000;

function check(this: void, { concurrency }: Readonly<Record<string, unknown>>): string | undefined {
    const is_valid =
        typeof concurrency === "number" && concurrency % 1 === 0 && concurrency >= 1 && concurrency <= MOST_CONCURRENCY;
    return is_valid ? undefined : EXPECTED;
}

/** Reads the number. On failure nil, a code and a message. Phases: any. */
export function read(
    text: string,
): LuaMultiReturn<[concurrency: number] | [concurrency: undefined, code: "bad_json" | "bad_change", message: string]> {
    const [given, code, message] = fields.read(text, KNOWN, check);
    if (given === undefined) return $multi(undefined, code!, message!);
    return $multi(given.concurrency as number);
}
