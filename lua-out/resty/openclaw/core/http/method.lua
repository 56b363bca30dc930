local ____exports = {}
local ipairs = ipairs
--- What is known of the methods of requests.
local WITHOUT_BODY = {}
for ____, method in ipairs({
    "GET",
    "HEAD",
    "DELETE",
    "OPTIONS",
    "TRACE"
}) do
    WITHOUT_BODY[method] = true
end
--- Whether requests with that method have no body as a rule: RFC 9110, section 9.3. Phases: any.
local function may_be_empty(method)
    return WITHOUT_BODY[method] ~= nil
end
____exports.may_be_empty = may_be_empty
return ____exports
