local ____exports = {}
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local gauges = require("resty.openclaw.core.metrics.gauges")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local ____figures = require("resty.openclaw.post_action.figures")
local transient_slot = ____figures.transient_slot
local OUTCOMES = {"done", "failed", "dropped"}
local figures_by_registry = {}
--- Adds a gauge that is a sum over workers; returns the slot for the part of each.
local function gauge(registry, name, help)
    local slot = transient_slot(registry, name)
    gauges.of(
        registry,
        name,
        help,
        {},
        function(sample) return sample(shared_memory.total(registry.region, slot)) end
    )
    return slot
end
--- The counters and gauges of a registry; always the same. Phases: init.
function ____exports.open(registry)
    local known = figures_by_registry[registry]
    if known ~= nil then
        return known
    end
    local outcomes = metric_registry.counter(registry, "openclaw_post_action_actions_total", "Actions after the response, by outcome.", {"outcome"})
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
--- Counts actions. Phases: any.
function ____exports.count(figures, outcome, actions)
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
--- Sets how many actions this worker has. Phases: any.
function ____exports.show(figures, waiting, running)
    local mine = figures.registry.region.mine
    mine[figures.waiting_slot] = waiting
    mine[figures.running_slot] = running
end
return ____exports
