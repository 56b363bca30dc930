/** How a job ends, as it is stored: with the response of the other end, or with an error of the gateway in its place. Pure Lua. */
import type { Response } from "../http_client";

export interface Ending {
    readonly result: "delivered" | "failed" | "expired";
    /** Of the response. */
    readonly status?: number;
    /** Why no response is stored, if none is. */
    readonly error?: ErrorCode;
    readonly headers: Record<string, string>;
    readonly body: string;
}

export type ErrorCode =
    "job_expired" | "job_broken" | "job_failed" | "answer_too_large" | "answer_dropped" | "no_answer";

/** Headers of the response that are stored: those that are needed to read its body. */
export const HEADERS = ["Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition"];

export const EXPIRED = "The job is too old, and nothing of it is stored.";

const MESSAGES: Record<ErrorCode, string> = {
    job_expired: EXPIRED,
    job_broken: "The job was damaged on the disk.",
    job_failed: "The job reached the other end several times, and got no response.",
    answer_too_large: "The response was too large to be stored.",
    answer_dropped: "The job was delivered, but its response was dropped, as the disk is full.",
    no_answer: "The job was sent several times, and got no response.",
};

const STATUSES: Record<string, number | undefined> = {
    job_expired: 410,
    job_broken: 500,
    job_failed: 502,
    answer_too_large: 502,
    answer_dropped: 410,
    no_answer: 504,
};

/** Whether a stored error code says that a job failed. Phases: any. */
export function is_failure(error_code: unknown): boolean {
    return error_code !== undefined && error_code !== "job_expired";
}

/** The status code of the job's page for a stored error code, or for none. Phases: any. */
export function status_of(error_code: unknown): number {
    return STATUSES[tostring(error_code)] ?? 200;
}

/** The end of a job without a stored response. `status`: of the response, if there was one. Phases: any. */
export function failure(code: ErrorCode, result: "failed" | "expired", status?: number): Ending {
    const document = '{"error":{"code":"%s","message":"%s","status":%d}}\n';
    const body = string.format(document, code, MESSAGES[code], status_of(code));
    const headers = { "Content-Type": "application/json" };
    if (status === undefined) return { result, error: code, headers, body };
    return { result, status, error: code, headers, body };
}

/** The end of a job with a response; one whose body is longer than `most_bytes` is not stored. Phases: any. */
export function response(given: Response, result: "delivered" | "failed", most_bytes: number): Ending {
    if (given.body.length > most_bytes) return failure("answer_too_large", "failed", given.status);
    const headers: Record<string, string> = {};
    for (const name of HEADERS) {
        const value = given.headers[string.lower(name)];
        if (value !== undefined) headers[name] = value;
    }
    return { result, status: given.status, headers, body: given.body };
}
