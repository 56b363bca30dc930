local ____exports = {}
local cjson = require("cjson.safe")
local utf8 = require("resty.openclaw.utf8")
local DEEPEST = 64
--- No answer has as many tokens: what says so is wrong.
local MOST_TOKENS = 1000000000
--- What a name is cut to, as a label is.
local NAME_BYTES = 128
--- Of the Responses API: how an answer has ended, and the same in the words of the others.
local FINAL_STATUSES = {completed = "stop", incomplete = "incomplete", failed = "failed", cancelled = "cancelled"}
local INCOMPLETE_REASONS = {max_output_tokens = "length", content_filter = "content_filter"}
--- The fields of a delta whose text the model has made.
local DELTA_TEXTS = {"content", "reasoning_content", "reasoning", "refusal"}
local DELTA_TABLES = {"tool_calls", "function_call", "audio"}
local decoder = cjson.new()
decoder.decode_max_depth(DEEPEST)
decoder.decode_invalid_numbers(false)
--- The value of a JSON text; nothing and why when it is none, or nested over 64 deep.
function ____exports.decode(text)
    return decoder.decode(text)
end
local function table_of(value)
    return type(value) == "table" and value or nil
end
local function name_of(value)
    if type(value) ~= "string" or value == "" then
        return nil
    end
    local clean = utf8.clean(string.sub(value, 1, NAME_BYTES + 4))
    local name = utf8.cut(clean, NAME_BYTES)
    return name
end
--- A number of tokens: whole and not negative.
local function count_of(value)
    if type(value) ~= "number" or not (value >= 0 and value <= MOST_TOKENS) or value % 1 ~= 0 then
        return nil
    end
    return value
end
--- Takes the token counts of a `usage`, if it has any. What is known already stays.
local function read_usage(fields, usage)
    if fields.prompt_tokens ~= nil or fields.completion_tokens ~= nil then
        return
    end
    fields.prompt_tokens = count_of(usage.prompt_tokens) or count_of(usage.input_tokens)
    fields.completion_tokens = count_of(usage.completion_tokens) or count_of(usage.output_tokens)
end
--- The first entry of `choices`; with `stream` that may be any of the choices.
local function read_choice(fields, choice)
    local reason = name_of(choice.finish_reason)
    if reason == nil then
        return
    end
    local index = choice.index
    if type(index) == "number" and index ~= 0 then
        fields.other_finish_reason = fields.other_finish_reason or reason
    else
        fields.finish_reason = fields.finish_reason or reason
    end
end
--- A response of the Responses API has a status; one that is still at work says nothing.
local function read_status(fields, response)
    local status = response.status
    if response.object ~= "response" or type(status) ~= "string" then
        return
    end
    local details = table_of(response.incomplete_details)
    local ____temp_0
    if details == nil then
        ____temp_0 = nil
    else
        ____temp_0 = name_of(details.reason)
    end
    local reason = ____temp_0
    local ____temp_1
    if reason == nil then
        ____temp_1 = nil
    else
        ____temp_1 = INCOMPLETE_REASONS[reason] or reason
    end
    local known = ____temp_1
    fields.finish_reason = fields.finish_reason or known or FINAL_STATUSES[status]
end
--- What the fields are in: the value itself, or a response that an event brings.
local function document_of(value)
    local outer = table_of(value)
    if outer == nil then
        return nil
    end
    return table_of(outer.response) or outer
end
local function read_name(fields, document)
    fields.model = fields.model or name_of(document.model)
end
--- Takes the model only: counts at the beginning of a stream are not yet those of its end. Never raises.
function ____exports.read_model(fields, value)
    local document = document_of(value)
    if document ~= nil then
        read_name(fields, document)
    end
end
--- Takes what a whole answer, or one event of a stream, says. What is known already stays. Never raises.
function ____exports.read(fields, value)
    local document = document_of(value)
    if document == nil then
        return
    end
    read_name(fields, document)
    local usage = table_of(document.usage)
    if usage ~= nil then
        read_usage(fields, usage)
    end
    local choices = table_of(document.choices)
    local ____temp_2
    if choices == nil then
        ____temp_2 = nil
    else
        ____temp_2 = table_of(choices[1])
    end
    local choice = ____temp_2
    if choice ~= nil then
        read_choice(fields, choice)
    end
    read_status(fields, document)
end
local function is_text(value)
    return type(value) == "string" and value ~= ""
end
local function delta_has_content(delta)
    for ____, name in ipairs(DELTA_TEXTS) do
        if is_text(delta[name]) then
            return true
        end
    end
    for ____, name in ipairs(DELTA_TABLES) do
        local part = table_of(delta[name])
        if part ~= nil and (next(part)) ~= nil then
            return true
        end
    end
    return false
end
--- Whether an event of a stream brings something that the model has made: text, or a part of a call. Never raises.
function ____exports.has_content(value)
    local event = table_of(value)
    if event == nil then
        return false
    end
    if is_text(event.delta) then
        return true
    end
    local choices = table_of(event.choices)
    local ____temp_3
    if choices == nil then
        ____temp_3 = nil
    else
        ____temp_3 = table_of(choices[1])
    end
    local choice = ____temp_3
    if choice == nil then
        return false
    end
    local delta = table_of(choice.delta)
    return is_text(choice.text) or delta ~= nil and delta_has_content(delta)
end
return ____exports
