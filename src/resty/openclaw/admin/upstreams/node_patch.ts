/** Parses the body of a PUT that changes a node: `{"weight":2,"drain":true}`; both fields are optional. */
import * as fields from "../fields";

/** A change of a node; absent fields stay as they are. */
export interface NodePatch {
    weight?: number;
    drain?: boolean;
    remove?: boolean;
}

const KNOWN = ["weight", "drain"];

/** Within these bounds, sums and quotients of weights are exact enough for every policy. */
const LEAST_WEIGHT = 0.000001;
const MOST_WEIGHT = 1000000;

function check(this: void, { weight, drain }: Readonly<Record<string, unknown>>): string | undefined {
    if (weight !== undefined && !(typeof weight === "number" && weight >= LEAST_WEIGHT && weight <= MOST_WEIGHT)) {
        return "The weight must be a number from 0.000001 to 1000000; to take the node out of service, set drain to true.";
    }
    return drain === undefined || typeof drain === "boolean" ? undefined : "drain must be true or false.";
}

/** Reads the patch. On failure nil, a code and a message. Phases: any. */
export function read(
    text: string,
): LuaMultiReturn<[patch: NodePatch] | [patch: undefined, code: "bad_json" | "bad_change", message: string]> {
    const [given, code, message] = fields.read(text, KNOWN, check);
    if (given === undefined) return $multi(undefined, code!, message!);
    return $multi(given as NodePatch);
}

/** The patch in words, for the log. */
export function describe(patch: NodePatch): string {
    const parts: string[] = [];
    if (patch.weight !== undefined) parts.push(`weight ${patch.weight}`);
    if (patch.drain !== undefined) parts.push(patch.drain ? "drain" : "no drain");
    return parts.length === 0 ? "" : `: ${table.concat(parts, ", ")}`;
}
