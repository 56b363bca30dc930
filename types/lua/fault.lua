---@meta resty.openclaw.core.metrics.fault

---@class openclaw.Faults
local faults = {}

---Counts a fault, and logs it unless its kind was logged within the last minute. Phases: any.
---@param kind string
---@param ... any parts of the sentence for the error log
function faults:report(kind, ...) end

---Faults of a plugin at request time: see docs/plugins.md.
---@class openclaw.fault
local fault = {}

---The faults of one plugin. Phase: init.
---@param plugin string its name
---@param registry openclaw.Registry
---@return openclaw.Faults
function fault.new(plugin, registry) end

return fault
