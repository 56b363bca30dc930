/** What a job ends with, as it is kept: the answer to it, or an error in its place that the gateway itself found. Pure Lua. */
import type { Answer } from "../../http_client";

export interface Ending {
    readonly result: "delivered" | "failed" | "expired";
    /** The answer's. */
    readonly status?: number;
    /** What is wrong, where no answer is kept. */
    readonly error?: ErrorCode;
    readonly headers: Record<string, string>;
    readonly body: string;
}

export type ErrorCode =
    "job_expired" | "job_broken" | "job_failed" | "answer_too_large" | "answer_dropped" | "no_answer";

/** Headers of answers that are kept: those without which the body cannot be read. */
export const HEADERS = ["Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition"];

export const EXPIRED = "The job is too old, and nothing of it is kept.";

const MESSAGES: Record<ErrorCode, string> = {
    job_expired: EXPIRED,
    job_broken: "The job was damaged on the disk.",
    job_failed: "The job was sent several times, and each time the other end took it and gave no answer.",
    answer_too_large: "The answer was too large to be kept.",
    answer_dropped: "The job was delivered, but the disk is full, and its answer was not kept.",
    no_answer: "The job was sent several times, and no answer came.",
};

const STATUSES: Record<string, number | undefined> = {
    job_expired: 410,
    job_broken: 500,
    job_failed: 502,
    answer_too_large: 502,
    answer_dropped: 410,
    no_answer: 504,
};

/** Whether what is kept says why there is no answer, from what is wrong with it. Phases: any. */
export function is_failure(error_code: unknown): boolean {
    return error_code !== undefined && error_code !== "job_expired";
}

/** The status by which an answer that is kept is given out, from what is wrong with it. Phases: any. */
export function status_of(error_code: unknown): number {
    return STATUSES[tostring(error_code)] ?? 200;
}

/** The end of a job without an answer that could be kept. Phases: any. */
export function failure(code: ErrorCode, result: "failed" | "expired", status?: number): Ending {
    const document = '{"error":{"code":"%s","message":"%s","status":%d}}\n';
    const body = string.format(document, code, MESSAGES[code], status_of(code));
    const headers = { "Content-Type": "application/json" };
    if (status === undefined) return { result, error: code, headers, body };
    return { result, status, error: code, headers, body };
}

/** The end of a job with an answer, of which no more than `most_bytes` are kept. Phases: any. */
export function answer(given: Answer, result: "delivered" | "failed", most_bytes: number): Ending {
    if (given.body.length > most_bytes) return failure("answer_too_large", "failed", given.status);
    const headers: Record<string, string> = {};
    for (const name of HEADERS) {
        const value = given.headers[string.lower(name)];
        if (value !== undefined) headers[name] = value;
    }
    return { result, status: given.status, headers, body: given.body };
}
