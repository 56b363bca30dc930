/** Checks a body as JSON, strictly, before anyone reads it: two readers understand it alike. */
import type { Problem as Refusal } from "../../../core/text/json/structure";
import * as structure from "../../../core/text/json/structure";
import type { Problem, Reading } from "./model";
import * as problems from "./problems";

const LIMITS: structure.Limits = { max_depth: 64, max_members: 100000, unique_names: true };

/** Names become Lua strings, so they are read in small pieces, and a name that does not end within these is no name. */
const PIECE_BYTES = 64 * 1024;

const PROBLEMS: Readonly<Record<Refusal, readonly [problem: Problem, message: string]>> = {
    no_json: [problems.INVALID_JSON, "The body is not valid JSON."],
    too_deep: [problems.JSON_TOO_DEEP, `The JSON is nested more than ${LIMITS.max_depth} deep.`],
    too_many_members: [problems.JSON_TOO_MANY_MEMBERS, `The JSON has more than ${LIMITS.max_members} members.`],
    duplicate_name: [problems.JSON_DUPLICATE_NAME, "An object in the JSON has two members of the same name."],
};

/** Refuses a body that is no JSON or breaks a limit. Its work is a step for each byte. Phases: any. */
export function check(reading: Reading): void {
    const { memory, count } = reading;
    const checker = structure.new(LIMITS);
    let at = 0;
    while (at < count && checker.problem === undefined) {
        const bytes = math.min(PIECE_BYTES, count - at);
        structure.feed(checker, pointer_add(memory, at), bytes);
        at += bytes;
        if (length_of(checker.names.before) > PIECE_BYTES)
            return problems.refuse(reading, problems.FIELDS_TOO_LARGE, "A name in the JSON is too long.");
    }
    const refusal = structure.finish(checker);
    if (refusal === undefined) return;
    const [problem, message] = PROBLEMS[refusal];
    problems.refuse(reading, problem, message);
}
