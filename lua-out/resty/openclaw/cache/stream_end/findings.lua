local ____exports = {}
local pairs = pairs
local setmetatable = setmetatable
--- Types of events after which nothing comes: of Anthropic, and of OpenAI's Responses API.
local LAST_TYPES = {message_stop = true, ["response.completed"] = true}
--- Types of events that say that the answer is none, or not all of it.
local FAILED_TYPES = {error = true, ["response.failed"] = true, ["response.incomplete"] = true, ["response.cancelled"] = true}
--- Finish reasons of choices, and kinds of events, that say the same: of OpenRouter, vLLM and SGLang.
local FAILED_OUTCOMES = {error = true, abort = true, cancelled = true}
local function object(fields)
    local ____table = {}
    for name, place in pairs(fields) do
        ____table[name] = place
    end
    return {fields = ____table}
end
--- An event, with its type under a name: what may say that the answer failed, and what most events differ in.
local function event(type_name)
    local ____error = {name = "error", watched = "error"}
    local outcome = {name = "outcome"}
    local content = {is_content = true}
    local delta = object({
        content = content,
        reasoning_content = content,
        text = content,
        thinking = content,
        partial_json = content
    })
    local choice = object({error = ____error, finish_reason = outcome, delta = delta, text = content})
    return object({
        type = {name = type_name},
        error = ____error,
        object = outcome,
        choices = {entries = choice},
        delta = delta
    }).fields
end
--- The data of an event. A list of events may say that one of them failed; that it is the last one nobody says so.
local ROOT = {
    fields = event("type"),
    entries = {fields = event("entry_type")}
}
____exports.ROOT = ROOT
--- Takes the type of an event. Phases: any.
local function take_type(findings, text)
    if FAILED_TYPES[text] == true then
        findings.is_failed = true
    elseif LAST_TYPES[text] == true then
        findings.says_end = true
    end
end
____exports.take_type = take_type
local function is_nothing(text, is_text)
    local ____is_text_0
    if is_text then
        ____is_text_0 = text == ""
    else
        ____is_text_0 = text == "null" or text == "false"
    end
    return ____is_text_0
end
local function value(self, name, text, is_text)
    if name == "error" then
        if not is_nothing(text, is_text) then
            self.is_failed = true
        end
    elseif name == "type" then
        take_type(self, text)
    elseif name == "entry_type" then
        if FAILED_TYPES[text] == true then
            self.is_failed = true
        end
    elseif FAILED_OUTCOMES[text] == true then
        self.is_failed = true
    end
end
--- An error that is an object or a list.
local function begins(self)
    self.is_failed = true
end
local function ends(self)
    return
end
local metatable = {__index = {value = value, begins = begins, ends = ends}}
--- Of a stream of which nothing has come yet. Phases: any.
local function create()
    local made = {is_failed = false, says_end = false}
    return setmetatable(made, metatable)
end
____exports.new = create
return ____exports
