local ____exports = {}
local string_format = string.format
local request = require("resty.openclaw.core.request.request")
local request_set_variable = request.set_variable
--- All that may be set.
local VARIABLES = {
    openclaw_model = "",
    openclaw_prompt_tokens = "",
    openclaw_cached_tokens = "",
    openclaw_completion_tokens = "",
    openclaw_reasoning_tokens = "",
    openclaw_tokens_source = "",
    openclaw_finish_reason = "",
    openclaw_first_token_seconds = "",
    openclaw_tokens_per_second = ""
}
____exports.VARIABLES = VARIABLES
--- Sets a variable where nginx.conf has it.
local function show(name, format, value)
    if value ~= nil then
        request_set_variable(
            name,
            string_format(format, value)
        )
    end
end
--- Sets the variables of what is known; `rate`: tokens a second.
local function show_all(fields, rate, first_token_seconds)
    show("openclaw_model", "%s", fields.model)
    show("openclaw_prompt_tokens", "%d", fields.prompt_tokens)
    show("openclaw_cached_tokens", "%d", fields.cached_tokens)
    show("openclaw_completion_tokens", "%d", fields.completion_tokens)
    show("openclaw_reasoning_tokens", "%d", fields.reasoning_tokens)
    show("openclaw_tokens_source", "%s", fields.source)
    show("openclaw_finish_reason", "%s", fields.finish_reason)
    show("openclaw_first_token_seconds", "%.3f", first_token_seconds)
    show("openclaw_tokens_per_second", "%.1f", rate)
end
____exports.show_all = show_all
return ____exports
