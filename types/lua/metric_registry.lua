---@meta resty.openclaw.core.metrics.metric_registry

---@class openclaw.Registry The metrics of a shared dict.

---@class openclaw.Counter
local counter = {}

---Adds 1, or `by`. Phases: any.
---@param by? number a finite number from 0 up
function counter:inc(by) end

---@class openclaw.Gauge
local gauge = {}

---Sets the value. Phases: any.
---@param value number
function gauge:set(value) end

---@class openclaw.Histogram
local histogram = {}

---Counts a value in its bucket. Phases: any.
---@param value number
function histogram:observe(value) end

---@class openclaw.Counters
local counters = {}

---The counter with these label values.
---@param ... string one for each label
---@return openclaw.Counter
function counters:labels(...) end

---@class openclaw.Gauges
local gauges = {}

---The gauge with these label values.
---@param ... string one for each label
---@return openclaw.Gauge
function gauges:labels(...) end

---@class openclaw.Histograms
local histograms = {}

---The histogram with these label values.
---@param ... string one for each label
---@return openclaw.Histogram
function histograms:labels(...) end

---Metrics of plugins: see docs/plugins.md and docs/metrics.md.
---@class openclaw.metric_registry
local metric_registry = {}

---The registry over a shared dict. Phase: init.
---@param dict string the name of the `lua_shared_dict`
---@return openclaw.Registry
function metric_registry.open(dict) end

---Counters of that name; the same ones for the same name. Raises an error if the name has another kind or other labels.
---@param registry openclaw.Registry
---@param name string
---@param help string
---@param label_names? string[]
---@return openclaw.Counters
function metric_registry.counter(registry, name, help, label_names) end

---Gauges of that name. Otherwise like `counter`.
---@param registry openclaw.Registry
---@param name string
---@param help string
---@param label_names? string[]
---@return openclaw.Gauges
function metric_registry.gauge(registry, name, help, label_names) end

---Histograms of that name. Otherwise like `counter`.
---@param registry openclaw.Registry
---@param name string
---@param help string
---@param label_names? string[]
---@param bounds? number[] upper bounds, rising and finite, at most 48; without them bounds for seconds, from 0.01 to 600
---@return openclaw.Histograms
function metric_registry.histogram(registry, name, help, label_names, bounds) end

return metric_registry
