local ____exports = {}
local kinds = require("resty.openclaw.config.kinds")
local schema = require("resty.openclaw.config.schema")
local contract = require("resty.openclaw.gateway.contract")
____exports.define = contract.define
____exports.option = schema.option
____exports.required = schema.required
____exports.optional = schema.optional
____exports.table_of = schema.table_of
____exports.map_of = schema.map_of
____exports.defaulted = schema.defaulted
____exports.kind = kinds
return ____exports
