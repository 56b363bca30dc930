/** Shows nginx what was read of an answer, for its logs. Phases: log. */
import * as request from "../core/request/request";
import type { Fields } from "./fields";

/** All that may be set. */
export const VARIABLES = {
    openclaw_model: "",
    openclaw_prompt_tokens: "",
    openclaw_cached_tokens: "",
    openclaw_completion_tokens: "",
    openclaw_reasoning_tokens: "",
    openclaw_tokens_source: "",
    openclaw_finish_reason: "",
    openclaw_first_token_seconds: "",
    openclaw_tokens_per_second: "",
};

/** Sets a variable where nginx.conf has it. */
function show(name: string, format: string, value: string | number | undefined): void {
    if (value !== undefined) request.set_variable(name, string.format(format, value));
}

/** Sets the variables of what is known; `rate`: tokens a second. */
export function show_all(fields: Fields, rate: number | undefined, first_token_seconds: number | undefined): void {
    show("openclaw_model", "%s", fields.model);
    show("openclaw_prompt_tokens", "%d", fields.prompt_tokens);
    show("openclaw_cached_tokens", "%d", fields.cached_tokens);
    show("openclaw_completion_tokens", "%d", fields.completion_tokens);
    show("openclaw_reasoning_tokens", "%d", fields.reasoning_tokens);
    show("openclaw_tokens_source", "%s", fields.source);
    show("openclaw_finish_reason", "%s", fields.finish_reason);
    show("openclaw_first_token_seconds", "%.3f", first_token_seconds);
    show("openclaw_tokens_per_second", "%.1f", rate);
}
