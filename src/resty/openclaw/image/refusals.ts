/** Why a request is refused: what each reason answers, and how that is counted. */
import * as json_error from "../core/request/json_error";
import * as rejections from "../core/request/rejection";

const NAME = "image";

/** By code. A problem that is not listed is the gateway's own fault. */
const STATUSES: Readonly<Record<string, number | undefined>> = {
    invalid_json: 400,
    json_too_deep: 422,
    json_too_many_members: 422,
    json_duplicate_name: 422,
    broken_form: 422,
    no_image: 422,
    too_many_images: 422,
    broken_image: 422,
    image_too_large: 422,
    unsupported_image_url: 422,
    unsendable_field: 422,
    body_too_large: 413,
    fields_too_large: 413,
    unsupported_media_type: 415,
    remote_refused: 422,
    remote_failed: 422,
    remote_too_large: 413,
    remote_unavailable: 502,
    remote_busy: 503,
    no_memory: 503,
    image_queue_full: 503,
    image_queue_timeout: 503,
    image_timeout: 503,
};
/** Because there are too many others: such a status says nothing of the gateway's health. */
const IS_BUSY = new LuaSet<string>();
for (const problem of ["image_queue_full", "image_queue_timeout", "remote_busy"]) IS_BUSY.add(problem);
const NO_MEMORY = "no_memory";
const INTERNAL = 500;
const GATEWAY_FAILED = "The gateway could not convert the image.";

/** The status for a problem; nothing for one of the gateway's own. Phases: any. */
export function status_of(problem: string): number | undefined {
    return STATUSES[problem];
}

/** Whether a problem is the request's; otherwise it is the gateway's, and worth a line in the log. Phases: any. */
export function is_of_request(problem: string): boolean {
    return problem !== NO_MEMORY && STATUSES[problem] !== undefined;
}

/** Ends the request. `retry_after`: seconds. Phases: access; never returns. */
export function refuse(problem: string, message: string, retry_after?: number): never {
    const status = STATUSES[problem];
    if (IS_BUSY.has(problem)) rejections.note_refusal(NAME, problem);
    else rejections.note(NAME, problem);
    if (status === undefined) return json_error.respond(INTERNAL, "internal_error", GATEWAY_FAILED);
    return json_error.respond(status, problem, message, retry_after);
}
