local ____exports = {}
local setmetatable = setmetatable
local type = type
local string_match = string.match
local kinds = require("resty.openclaw.config.kinds")
local kinds_of = kinds.of
local classes = require("resty.openclaw.core.request.classes")
local classes_map_of_classes = classes.map_of_classes
local request = require("resty.openclaw.core.request.request")
local request_set_variable = request.set_variable
local request_variable = request.variable
local contract = require("resty.openclaw.gateway.contract")
local contract_alone_kind = contract.alone_kind
local contract_define_kind = contract.define_kind
local NAME = "bandwidth"
local CLASS = "openclaw_class"
local LIMIT_RATE = "limit_rate"
--- A size as in nginx.conf.
local SIZE = kinds_of(
    "size",
    "bytes per second as nginx writes sizes, such as \"128k\" or \"1m\"",
    function(given)
        if type(given) ~= "string" then
            return false
        end
        local digits = string_match(given, "^([1-9]%d*)[kKmM]?$")
        return digits ~= nil and #digits <= 9
    end
)
local function access(self)
    local rate = self.rates[request_variable(CLASS) or ""]
    if rate ~= nil then
        request_set_variable(LIMIT_RATE, rate)
    end
end
local metatable = {__index = {access = access}}
local function create(rates)
    return setmetatable({rates = rates}, metatable)
end
local declaration = {
    name = NAME,
    meaning = "[limits](bandwidth.md) how fast responses are sent, by class, such as `{ standard = \"128k\" }`",
    order = {access = 280},
    kind = classes_map_of_classes(SIZE, "{ standard = \"128k\" }"),
    create = create
}
____exports.plugin = contract_define_kind(declaration)
--- The plugin alone, from the table of rates in docs/bandwidth.md. Raises when one is wrong. Phases: init.
local function alone(options)
    return contract_alone_kind(declaration, options)
end
____exports.new = alone
return ____exports
