/**
 * The fields of responses that tell clients about limits. Sources: draft-ietf-httpapi-ratelimit-headers-11 (`RateLimit`,
 * `RateLimit-Policy`), and the documentation of OpenAI's API (`x-ratelimit-*`).
 */
import type { RequestState } from "../core/request/request_state";
import { TOLERANCE } from "./bucket";
import type { Limit } from "./limits";
import type { Rate } from "./rate";
import * as rates from "./rate";

declare module "../core/request/request_state" {
    interface RequestState {
        /** The fields of the draft, each nothing without a limit that shows itself. */
        rate_limit?: string | undefined;
        rate_limit_policy?: string | undefined;
        /** The limit that OpenAI's clients are told about, its rate, and what is in the bucket. */
        openai_limit?: Limit | undefined;
        openai_rate?: Rate | undefined;
        openai_level?: number | undefined;
        /** The same of their tokens. */
        openai_tokens_rate?: Rate | undefined;
        openai_tokens_level?: number | undefined;
    }
}

/** The largest number in a structured field. Source: RFC 9651, section 3.3.1. */
const MOST = 999999999999999;

/** How many requests or tokens more may come at once, where so many seconds' worth is in the bucket beside the last one. */
function remaining(rate: Rate, level: number): number {
    return math.max(0, Math.floor((rate.room - level) / rate.interval + TOLERANCE));
}

/** The same of requests. A full bucket has room for none, although a rounding error of it may be missing. */
function remaining_requests(rate: Rate, level: number): number {
    return level + rate.interval > rate.room + TOLERANCE ? 0 : remaining(rate, level);
}

/** The quota of a limit: `"client";q=10;w=1`. A rate below 1 is one request in the time for which that is allowed. */
function policy_of(limit: Limit, rate: Rate): string {
    const { requests, seconds } = rate;
    if (requests < 1) {
        const window = math.ceil(math.min(rates.LONGEST, seconds / requests) - TOLERANCE);
        return string.format('"%s";q=1;w=%d', limit.name, window);
    }
    return string.format('"%s";q=%d;w=%d', limit.name, Math.floor(math.min(MOST, requests)), seconds);
}

/** What is left of it: `"client";r=9;t=1`; `seconds`: until all of it is there. */
function state_of(limit: Limit, left: number, seconds: number): string {
    const whole = math.ceil(math.min(rates.LONGEST, seconds) - TOLERANCE);
    return string.format('"%s";r=%d;t=%d', limit.name, left, whole);
}

/** A duration as OpenAI's API writes it: `20ms`, `1.5s`, `6m0s`, `1h0m0s`. Phases: any. */
export function duration(seconds: number): string {
    const milliseconds = math.ceil((seconds - TOLERANCE) * 1000);
    if (seconds < 1) return string.format("%dms", milliseconds);
    if (seconds < 60) return string.format("%.14gs", milliseconds / 1000);
    const whole = math.ceil(seconds - TOLERANCE);
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor((whole % 3600) / 60);
    if (hours === 0) return string.format("%dm%ds", minutes, whole % 60);
    return string.format("%dh%dm%ds", hours, minutes, whole % 60);
}

/** Forgets what was noted. Phases: all with a request. */
export function forget(state: RequestState): void {
    state.rate_limit = undefined;
    state.rate_limit_policy = undefined;
    state.openai_limit = undefined;
    state.openai_rate = undefined;
    state.openai_level = undefined;
    state.openai_tokens_rate = undefined;
    state.openai_tokens_level = undefined;
}

function note_for_openai(state: RequestState, limit: Limit, rate: Rate, level: number): void {
    if (limit.budget !== undefined) {
        state.openai_tokens_rate = rate;
        state.openai_tokens_level = level;
        return;
    }
    state.openai_limit = limit;
    state.openai_rate = rate;
    state.openai_level = level;
}

/**
 * Notes what the response is to tell about a limit that the request has passed. `level`: what is in the bucket beside the last request or
 * token. Phases: access.
 */
export function note(state: RequestState, limit: Limit, rate: Rate, level: number): void {
    if (limit.headers === "openai") {
        note_for_openai(state, limit, rate, level);
        return;
    }
    const its_state = state_of(limit, remaining(rate, level), level + rate.interval);
    const its_policy = policy_of(limit, rate);
    const { rate_limit, rate_limit_policy } = state;
    state.rate_limit = rate_limit === undefined ? its_state : `${rate_limit}, ${its_state}`;
    state.rate_limit_policy = rate_limit_policy === undefined ? its_policy : `${rate_limit_policy}, ${its_policy}`;
}

/** The same for the limit that refuses the request, and no others; `seconds`: until it would pass. Phases: access. */
export function note_refusal(state: RequestState, limit: Limit, rate: Rate, level: number, seconds: number): void {
    forget(state);
    // Some tokens may be left, but not enough; then all of the bucket is beside what it was not given.
    const beside = limit.budget === undefined ? level : level - rate.interval;
    state.rate_limit = state_of(limit, remaining(rate, beside), seconds);
    state.rate_limit_policy = policy_of(limit, rate);
    // The refused request is not in the bucket: what empties is all that is there, beside nothing.
    if (limit.headers === "openai") note_for_openai(state, limit, rate, level - rate.interval);
}

/** Sets the fields. Phases: those in which the header of the response may be changed. */
export function show(state: RequestState): void {
    if (state.rate_limit !== undefined) {
        ngx.header.RateLimit = state.rate_limit;
        ngx.header["RateLimit-Policy"] = state.rate_limit_policy;
    }
    if (state.openai_limit !== undefined) {
        const rate = state.openai_rate!;
        const level = state.openai_level!;
        ngx.header["x-ratelimit-limit-requests"] = string.format(
            "%d",
            math.max(1, Math.floor(math.min(MOST, rate.requests))),
        );
        ngx.header["x-ratelimit-remaining-requests"] = string.format("%d", remaining_requests(rate, level));
        ngx.header["x-ratelimit-reset-requests"] = duration(level + rate.interval);
    }
    if (state.openai_tokens_rate !== undefined) {
        const rate = state.openai_tokens_rate;
        const level = state.openai_tokens_level!;
        ngx.header["x-ratelimit-limit-tokens"] = string.format("%d", rate.requests);
        ngx.header["x-ratelimit-remaining-tokens"] = string.format("%d", remaining(rate, level));
        ngx.header["x-ratelimit-reset-tokens"] = duration(level + rate.interval);
    }
}
