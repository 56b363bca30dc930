/** What may be wrong with a body: codes of docs/errors.md. Pure Lua. */
import type { Problem, Reading } from "./model";

/** What a call returns that may find something wrong: the value, or nil, the problem and one sentence. */
export type Outcome<T> = LuaMultiReturn<
    [value: T, problem?: undefined, message?: undefined] | [value: undefined, problem: Problem, message: string]
>;

export const UNSUPPORTED_MEDIA_TYPE: Problem = { code: "unsupported_media_type", status: 415 };
export const INVALID_JSON: Problem = { code: "invalid_json", status: 400 };
export const JSON_TOO_DEEP: Problem = { code: "json_too_deep", status: 422 };
export const JSON_TOO_MANY_MEMBERS: Problem = { code: "json_too_many_members", status: 422 };
export const JSON_DUPLICATE_NAME: Problem = { code: "json_duplicate_name", status: 422 };
export const BROKEN_FORM: Problem = { code: "broken_form", status: 422 };
export const NO_IMAGE: Problem = { code: "no_image", status: 422 };
export const TOO_MANY_IMAGES: Problem = { code: "too_many_images", status: 422 };
export const BROKEN_IMAGE: Problem = { code: "broken_image", status: 422 };
export const UNSUPPORTED_IMAGE_URL: Problem = { code: "unsupported_image_url", status: 422 };
/** A field that cannot be said in the new form. */
export const UNSENDABLE_FIELD: Problem = { code: "unsendable_field", status: 422 };
export const FIELDS_TOO_LARGE: Problem = { code: "fields_too_large", status: 413 };
export const NO_MEMORY: Problem = { code: "no_memory", status: 503 };

/** Keeps the first thing that is wrong. Phases: any. */
export function refuse(reading: Reading, problem: Problem, message: string): void {
    if (reading.problem !== undefined) return;
    reading.problem = problem;
    reading.message = message;
}
