local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local type = type
local string_lower = string.lower
local string_match = string.match
local string_sub = string.sub
local kinds = require("resty.openclaw.config.kinds")
local kinds_of = kinds.of
local request = require("resty.openclaw.core.request.request")
local request_set_variable = request.set_variable
local request_variable = request.variable
local texts = require("resty.openclaw.core.text.text")
local texts_is_name = texts.is_name
local contract = require("resty.openclaw.gateway.contract")
local contract_define_kind = contract.define_kind
local CLASS = "openclaw_class"
local STANDARD = "standard"
--- What variables begin with whose value a client chooses.
local OF_CLIENTS = {
    "http_",
    "arg_",
    "cookie_",
    "sent_http_",
    "request_",
    "args",
    "query_string",
    "uri",
    "document_uri"
}
local function is_of_clients(name)
    for ____, beginning in ipairs(OF_CLIENTS) do
        if string_sub(name, 1, #beginning) == beginning then
            return true
        end
    end
    return false
end
local KIND = kinds_of(
    "variable name with `$`",
    "a variable of nginx.conf such as \"$my_class\", and none that a client chooses, such as $http_…, $arg_… or $cookie_…",
    function(given)
        if type(given) ~= "string" then
            return false
        end
        local name = string_match(given, "^%$([%w_]+)$")
        return name ~= nil and not is_of_clients(string_lower(name))
    end
)
local function access(self)
    local text = request_variable(self.variable) or ""
    if text == "" then
        return
    end
    request_set_variable(
        CLASS,
        texts_is_name(text) and text or STANDARD
    )
end
local metatable = {__index = {access = access}}
local function create(option)
    return setmetatable(
        {variable = string_sub(option, 2)},
        metatable
    )
end
local declaration = {
    name = "class",
    meaning = "the variable with [the caller's class](caller_class.md), such as `$my_class`",
    order = {access = 260},
    kind = KIND,
    readings = function(option) return {{
        option = "class",
        variable = string_sub(option, 2)
    }} end,
    variables = {[CLASS] = STANDARD},
    create = create
}
____exports.plugin = contract_define_kind(declaration)
return ____exports
