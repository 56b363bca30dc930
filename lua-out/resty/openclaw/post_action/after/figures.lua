local ____exports = {}
local ipairs = ipairs
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_total = shared_memory.total
local gauges = require("resty.openclaw.core.metrics.gauges")
local gauges_of = gauges.of
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local ____figures = require("resty.openclaw.post_action.figures")
local transient_slot = ____figures.transient_slot
local OUTCOMES = {"done", "failed", "dropped"}
local figures_by_registry = {}
--- Adds a gauge that is a sum over workers; returns the slot for the part of each.
local function gauge(registry, name, help)
    local slot = transient_slot(registry, name)
    gauges_of(
        registry,
        name,
        help,
        {},
        function(sample) return sample(shared_memory_total(registry.region, slot)) end
    )
    return slot
end
--- The counters and gauges of a registry; always the same. Phases: init.
local function open(registry)
    local known = figures_by_registry[registry]
    if known ~= nil then
        return known
    end
    local outcomes = metric_registry_counter(registry, "openclaw_post_action_actions_total", "Actions after the response, by outcome.", {"outcome"})
    local figures = {
        registry = registry,
        outcomes = outcomes,
        waiting_slot = gauge(registry, "openclaw_post_action_actions_waiting", "Actions that are queued."),
        running_slot = gauge(registry, "openclaw_post_action_actions_running", "Actions that are running."),
        shows_outcomes = false
    }
    figures_by_registry[registry] = figures
    return figures
end
____exports.open = open
--- Counts actions. Phases: any.
local function count(figures, outcome, actions)
    if actions == nil then
        actions = 1
    end
    if not figures.shows_outcomes then
        figures.shows_outcomes = true
        for ____, each in ipairs(OUTCOMES) do
            figures.outcomes:labels(each)
        end
    end
    figures.outcomes:labels(outcome):inc(actions)
end
____exports.count = count
--- Sets how many actions this worker has. Phases: any.
local function show(figures, waiting, running)
    local mine = figures.registry.region.mine
    mine[figures.waiting_slot] = waiting
    mine[figures.running_slot] = running
end
____exports.show = show
return ____exports
