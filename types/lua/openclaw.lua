---@meta resty.openclaw

---The gateway as nginx.conf uses it: see docs/gateway.md.
---@class openclaw
local openclaw = {}

---Builds the gateway from a table. If options are wrong, raises an error with a line for each. Phase: init.
---@param options openclaw.Setup
function openclaw.setup(options) end

---Starts the background work of a worker. Phase: init_worker.
function openclaw.init_worker() end

---Ends the background work of a worker. Phase: exit_worker.
function openclaw.exit_worker() end

---Runs the route's plugins. Phase: access.
function openclaw.access() end

---Chooses a node of the upstream: the one named, else that of the request's route. Phase: balancer.
---@param upstream? string
function openclaw.balance(upstream) end

---Runs the route's plugins on the header of the response. Phase: header_filter.
function openclaw.header_filter() end

---Runs the route's plugins on a part of the response's body. Phase: body_filter.
function openclaw.body_filter() end

---Counts and records the request. Call it once for every request. Phase: log.
function openclaw.log() end

---Rejects requests that may not see the metrics page. Phase: access.
function openclaw.metrics_access() end

---The metrics page in Prometheus' text format. Phase: content.
function openclaw.metrics_page() end

---The API to see and change nodes: see docs/admin.md. Phase: content.
function openclaw.upstreams_page() end

---The API to see and change limits: see docs/admin.md. Phase: content.
function openclaw.limits_page() end

---The API to see what the cache does, and to purge answers: see docs/admin.md. Phase: content.
function openclaw.cache_page() end

---Stores a request that got no response, for routes with the option `edge`: see docs/edge.md. Phase: content.
function openclaw.edge() end

---The state of a job, or its response: see docs/jobs.md. Phase: content.
function openclaw.jobs_page() end

---The current state of the gateway, as JSON: see docs/status.md. Phase: content.
function openclaw.status_page() end

---The dashboard: the same as a web page. Phase: content.
function openclaw.dashboard_page() end

return openclaw
