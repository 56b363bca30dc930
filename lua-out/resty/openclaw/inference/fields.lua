local ____exports = {}
local setmetatable = setmetatable
local tonumber = tonumber
local string_sub = string.sub
local utf8 = require("resty.openclaw.core.text.utf8")
local utf8_clean = utf8.clean
local utf8_cut = utf8.cut
local finish_reason = require("resty.openclaw.inference.finish_reason")
local finish_reason_of_status = finish_reason.of_status
local finish_reason_usual = finish_reason.usual
--- Larger numbers of tokens or seconds are considered wrong.
local MOST = 1000000000
--- What a name is cut to, as a label is.
local NAME_BYTES = 128
--- The last events of streams without another end mark.
local LAST_TYPES = {message_stop = true, ["message-end"] = true}
local TRANSCRIPT_IS_DONE = "transcript.text.done"
--- Numbers that need not be whole.
local SECONDS = {seconds = true, duration = true}
local function name_of(text)
    local clean = utf8_clean(string_sub(text, 1, NAME_BYTES + 4))
    local name = utf8_cut(clean, NAME_BYTES)
    return name
end
local function take_text(reading, name, text)
    if name == "model" then
        if reading.model == nil and text ~= "" then
            reading.model = name_of(text)
        end
    elseif name == "error" then
        if text ~= "" then
            reading.has_error = true
        end
    elseif text ~= "" then
        reading.texts[name] = text
        if name == "type" then
            if LAST_TYPES[text] == true then
                reading.is_over = true
            elseif text == TRANSCRIPT_IS_DONE then
                reading.has_stopped = true
            elseif text == "error" then
                reading.has_error = true
            end
        end
    end
end
local function take_literal(reading, name, literal)
    local number = tonumber(literal)
    if number ~= nil then
        if number >= 0 and number <= MOST and (number % 1 == 0 or SECONDS[name] == true) then
            reading.counts[name] = number
        end
    elseif literal == "true" then
        if name == "done" or name == "stop" then
            reading.has_stopped = true
        end
    elseif name == "done_word" and literal == "DONE" then
        reading.is_over = true
    end
end
local function value(self, name, text, is_text)
    if is_text then
        take_text(self, name, text)
    else
        take_literal(self, name, text)
    end
end
local function begins(self, name)
    if name == "choices" then
        self.position = -1
    elseif name == "choice" then
        self.position = self.position + 1
        self.texts.choice_finish = nil
        self.counts.index = nil
    elseif name == "error" then
        self.has_error = true
    end
end
local function ends(self, name)
    if name ~= "choice" then
        return
    end
    local reason = self.texts.choice_finish
    if reason == nil then
        return
    end
    local index = self.counts.index or self.position
    if index == 0 then
        self.first_finish = reason
    else
        self.other_finish = reason
    end
end
--- The finish reason; nothing where there is none.
local function reason_of(reading)
    local texts = reading.texts
    if reading.has_error or texts.object == "error" then
        return "error"
    end
    local said = reading.first_finish or texts.finish or reading.other_finish
    if said ~= nil then
        return finish_reason_usual(name_of(said))
    end
    local ____texts_response_status_1 = texts.response_status
    if ____texts_response_status_1 == nil then
        local ____temp_0
        if texts.object == "response" then
            ____temp_0 = texts.status
        else
            ____temp_0 = nil
        end
        ____texts_response_status_1 = ____temp_0
    end
    local status = ____texts_response_status_1
    local of_status = finish_reason_of_status(status, texts.incomplete_reason)
    if of_status ~= nil then
        return name_of(of_status)
    end
    if texts.stop_type ~= nil and texts.stop_type ~= "none" then
        return finish_reason_usual(name_of(texts.stop_type))
    end
    return reading.has_stopped and "stop" or nil
end
local function sum(first, second)
    if first == nil then
        return second
    end
    return first + (second or 0)
end
--- The tokens of the prompt, all of them.
local function prompt_of(counts)
    local timed = sum(counts.timed_prompt, counts.timed_cached)
    local ____temp_2
    if counts.completion == nil then
        ____temp_2 = counts.total or counts.billed
    else
        ____temp_2 = nil
    end
    local rest = ____temp_2
    local plain = counts.prompt or timed or rest
    local cached = sum(counts.cache_read, counts.cache_written)
    local ____sum_5 = sum
    local ____sum_result_4 = sum(plain, cached)
    local ____temp_3
    if plain == nil then
        ____temp_3 = nil
    else
        ____temp_3 = counts.tool_prompt
    end
    return ____sum_5(____sum_result_4, ____temp_3)
end
local function completion_of(counts)
    return sum(counts.completion, counts.thoughts) or counts.timed_completion
end
--- Takes the answer's own tokens, or those that were counted. A server's count of a stream that broke off may be an old one.
local function set_completion(fields, said, contents, is_finished)
    local is_estimate = contents > 0 and (said == nil or not is_finished and contents > said)
    if is_estimate then
        fields.completion_tokens = contents
    else
        local ____fields_8 = fields
        local ____said_7 = said
        if ____said_7 == nil then
            local ____temp_6
            if fields.prompt_tokens == nil then
                ____temp_6 = nil
            else
                ____temp_6 = 0
            end
            ____said_7 = ____temp_6
        end
        ____fields_8.completion_tokens = ____said_7
    end
    if fields.completion_tokens ~= nil then
        fields.source = is_estimate and "estimate" or "usage"
    end
end
--- The metrics of a response that has ended. Nothing where it has no known values. Phases: any.
-- 
-- @param contents number of events with content
-- @param is_whole whether the HTTP response is complete
-- @param is_stream whether it is a stream of events
local function figures_of(reading, contents, is_whole, is_stream)
    local ____reading_9 = reading
    local counts = ____reading_9.counts
    local texts = ____reading_9.texts
    local reason = reason_of(reading)
    local is_finished = reading.is_over or reason ~= nil
    local ____reading_model_12 = reading.model
    local ____prompt_of_result_13 = prompt_of(counts)
    local ____temp_14 = counts.cached or counts.cache_read or counts.timed_cached
    local ____temp_15 = counts.reasoning or counts.thoughts
    local ____counts_seconds_11 = counts.seconds
    if ____counts_seconds_11 == nil then
        local ____temp_10
        if texts.task == nil then
            ____temp_10 = nil
        else
            ____temp_10 = counts.duration
        end
        ____counts_seconds_11 = ____temp_10
    end
    local fields = {
        model = ____reading_model_12,
        prompt_tokens = ____prompt_of_result_13,
        cached_tokens = ____temp_14,
        reasoning_tokens = ____temp_15,
        audio_seconds = ____counts_seconds_11
    }
    set_completion(
        fields,
        completion_of(counts),
        contents,
        is_finished
    )
    local is_known = fields.completion_tokens ~= nil or fields.audio_seconds ~= nil or reason ~= nil
    if reason ~= nil then
        fields.finish_reason = reason
    elseif reading.is_over then
        fields.finish_reason = "none"
    elseif not is_whole or is_stream and (contents > 0 or reading.model ~= nil) then
        fields.finish_reason = "aborted"
    elseif is_known then
        fields.finish_reason = "none"
    end
    local ____temp_16
    if fields.finish_reason == nil then
        ____temp_16 = nil
    else
        ____temp_16 = fields
    end
    return ____temp_16
end
____exports.figures_of = figures_of
local metatable = {__index = {value = value, begins = begins, ends = ends}}
--- Nothing known yet. Phases: any.
local function create()
    local made = {
        counts = {},
        texts = {},
        has_error = false,
        is_over = false,
        has_stopped = false,
        position = -1
    }
    return setmetatable(made, metatable)
end
____exports.new = create
return ____exports
