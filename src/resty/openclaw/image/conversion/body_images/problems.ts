/** What may be wrong with a body: codes of docs/errors.md. Pure Lua. */
import type { Problem, Reading } from "./model";

/** What a call returns that may find something wrong: the value, or nil, the problem and one sentence. */
export type Outcome<T> = LuaMultiReturn<
    [value: T, problem?: undefined, message?: undefined] | [value: undefined, problem: Problem, message: string]
>;

export const UNSUPPORTED_MEDIA_TYPE: Problem = "unsupported_media_type";
export const INVALID_JSON: Problem = "invalid_json";
export const JSON_TOO_DEEP: Problem = "json_too_deep";
export const JSON_TOO_MANY_MEMBERS: Problem = "json_too_many_members";
export const JSON_DUPLICATE_NAME: Problem = "json_duplicate_name";
export const BROKEN_FORM: Problem = "broken_form";
export const NO_IMAGE: Problem = "no_image";
export const TOO_MANY_IMAGES: Problem = "too_many_images";
export const BROKEN_IMAGE: Problem = "broken_image";
export const UNSUPPORTED_IMAGE_URL: Problem = "unsupported_image_url";
/** A field that cannot be said in the new form. */
export const UNSENDABLE_FIELD: Problem = "unsendable_field";
export const FIELDS_TOO_LARGE: Problem = "fields_too_large";
export const NO_MEMORY: Problem = "no_memory";

/** Keeps the first thing that is wrong. Phases: any. */
export function refuse(reading: Reading, problem: Problem, message: string): void {
    if (reading.problem !== undefined) return;
    reading.problem = problem;
    reading.message = message;
}
