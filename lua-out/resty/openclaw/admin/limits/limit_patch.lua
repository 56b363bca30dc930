local ____exports = {}
local type = type
local fields = require("resty.openclaw.admin.fields")
local fields_read = fields.read
--- As in the options of limits.
local MOST_REQUESTS = 1000000000
local MOST_TOKENS = 1000000000000
local function is_count(given, least, most)
    return given == nil or type(given) == "number" and given % 1 == 0 and given >= least and given <= most
end
local function check_requests(____bindingPattern0)
    local burst
    local rate
    rate = ____bindingPattern0.rate
    burst = ____bindingPattern0.burst
    if rate == nil and burst == nil then
        return "The body must have rate or burst."
    end
    if rate ~= nil and not (type(rate) == "number" and rate > 0 and rate <= MOST_REQUESTS) then
        return "rate must be a number above 0, and at most 1000000000."
    end
    local ____is_count_result_0
    if is_count(burst, 0, MOST_REQUESTS) then
        ____is_count_result_0 = nil
    else
        ____is_count_result_0 = "burst must be a whole number from 0 to 1000000000."
    end
    return ____is_count_result_0
end
local function check_tokens(____bindingPattern0)
    local burst
    local tokens
    tokens = ____bindingPattern0.tokens
    burst = ____bindingPattern0.burst
    if tokens == nil and burst == nil then
        return "The body must have tokens or burst."
    end
    if not is_count(tokens, 1, MOST_TOKENS) then
        return "tokens must be a whole number from 1 to 1000000000000."
    end
    local ____is_count_result_1
    if is_count(burst, 1, MOST_REQUESTS) then
        ____is_count_result_1 = nil
    else
        ____is_count_result_1 = "burst must be a whole number from 1 to 1000000000."
    end
    return ____is_count_result_1
end
--- Reads the patch of a limit of requests or tokens. On failure nil, a code and a message. Phases: any.
local function read(text, unit)
    local name = unit == "tokens" and "tokens" or "rate"
    local check = unit == "tokens" and check_tokens or check_requests
    local given, code, message = fields_read(text, {name, "burst"}, check)
    if given == nil then
        return nil, code, message
    end
    return {amount = given[name], burst = given.burst}
end
____exports.read = read
return ____exports
