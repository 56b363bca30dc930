/** Reads JSON objects from others: the parts of tokens, and sets of keys. */
import * as cjson from "cjson.safe";
import type { Limits, Problem } from "../../core/text/json/structure";
import * as structure from "../../core/text/json/structure";

export type Members = Readonly<Record<string, unknown>>;

/** Why a text is refused. */
export type Objection = Problem | "no_object";

type Reading = LuaMultiReturn<[members: Members, why?: undefined] | [members: undefined, why: Objection]>;

/** A decoder of our own, so that nobody else's settings of cjson reach it. */
const decoder = cjson.new();
decoder.decode_invalid_numbers(false);

const OBJECT = 0x7b;

/**
 * The members of the object that a text is; nil and why when it is no JSON object, when an object in it has a name twice (escapes
 * understood), or when a limit is met. `null` is a value of its own, which is no nil; numbers may be infinite ("1e999"). Phases: any.
 */
export function read(text: string, limits: Limits): Reading {
    const [problem] = structure.check(text, limits);
    if (problem !== undefined) return $multi(undefined, problem);
    const [start] = string.find(text, "[^ \t\r\n]");
    if (start === undefined || string.byte(text, start) !== OBJECT) return $multi(undefined, "no_object");
    const [object] = decoder.decode(text);
    // Halves of surrogate pairs are JSON, and no text.
    if (object === undefined) return $multi(undefined, "no_json");
    return $multi(object as Members);
}
