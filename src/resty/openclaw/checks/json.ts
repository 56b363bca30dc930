/** Checks that a body is JSON, and within limits. */
import type { Body } from "../core/request/request_body";
import * as request_body from "../core/request/request_body";
import type { Problem } from "../core/text/json/structure";
import * as structure from "../core/text/json/structure";
import type { Reason, Verdict } from "./refusals";
import type { JsonLimits } from "./settings";

/** What is checked at a time: well below a millisecond, even where LuaJIT does not compile it. */
const PIECE_BYTES = 16 * 1024;

const REASONS: Record<Problem, Reason> = {
    no_json: "invalid_json",
    too_deep: "json_too_deep",
    too_many_members: "json_too_many_members",
    duplicate_name: "json_duplicate_name",
};

function message_of(problem: Problem, limits: JsonLimits, at: number): string {
    if (problem === "too_deep") return `The JSON is nested more than ${limits.max_depth} deep.`;
    if (problem === "too_many_members") return `The JSON has more than ${limits.max_members} members.`;
    if (problem === "duplicate_name") return `An object has the same name twice, at byte ${at}.`;
    return `The body is not valid JSON, at byte ${at}.`;
}

/** Whether a body of so many bytes is too long. Phases: any. */
export function check_length(limits: JsonLimits, bytes: number): Verdict {
    if (bytes <= limits.max_bytes) return $multi(undefined);
    return $multi("json_too_large", `A JSON body may have at most ${limits.max_bytes} bytes.`);
}

/** Checks a body; where it cannot be read, the reason is `unreadable`, and the message why. Phases: access; yields. */
export function check(limits: JsonLimits, body: Body): Verdict {
    const [reason, message] = check_length(limits, body.bytes);
    if (reason !== undefined) return $multi(reason, message);
    const checker = structure.new(limits);
    const [count, err] = request_body.each(body, structure.feed, checker, PIECE_BYTES);
    if (count === undefined) return $multi("unreadable", err);
    const problem = structure.finish(checker);
    if (problem === undefined) return $multi(undefined);
    return $multi(REASONS[problem], message_of(problem, limits, checker.bytes));
}
