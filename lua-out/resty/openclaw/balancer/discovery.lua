local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local problem = require("resty.openclaw.config.problems")
local problem_refuse = problem.refuse
local faults = require("resty.openclaw.core.metrics.fault")
local faults_new = faults.new
local figures = require("resty.openclaw.balancer.discovery.figures")
local figures_show = figures.show
local ____name = require("resty.openclaw.balancer.discovery.name")
local parse = ____name.parse
local ____watched = require("resty.openclaw.balancer.discovery.watched")
local answer_of = ____watched.answer_of
local entries_of = ____watched.entries_of
local forget_lost = ____watched.forget_lost
local give_up = ____watched.give_up
local is_busy = ____watched.is_busy
local is_due = ____watched.is_due
local start = ____watched.start
local watch = ____watched.watch
--- Concurrent look-ups of one upstream.
local MOST_AT_ONCE = 10
--- Reports a new answer, which may also come from another upstream with the same name.
local function report(discovery, watched)
    local answer = answer_of(watched)
    if answer == nil or answer == discovery.reported[watched.text] then
        return
    end
    discovery.reported[watched.text] = answer
    discovery.changed()
end
local function tick(self, now)
    local busy = 0
    for ____, watched in ipairs(self.names) do
        report(self, watched)
        forget_lost(watched, now)
        if is_busy(watched, now) then
            busy = busy + 1
        end
    end
    for ____, watched in ipairs(self.names) do
        if busy < MOST_AT_ONCE and not is_busy(watched, now) and is_due(watched, now) then
            if not start(watched, self, now) then
                return
            end
            busy = busy + 1
        end
    end
    give_up(self)
end
local function addresses(self, name)
    local watched = self.by_text[name]
    local ____temp_0
    if watched == nil then
        ____temp_0 = nil
    else
        ____temp_0 = entries_of(watched)
    end
    return ____temp_0
end
local metatable = {__index = {tick = tick, addresses = addresses}}
--- Whether a node's text is a DNS name: "gpu.example.org:8000" for A and AAAA records, or an SRV name like
-- "_http._tcp.gpu.example.org", without a port. False for addresses and paths of unix sockets. Phases: any.
local function is_name(text)
    return parse(text) ~= nil
end
____exports.is_name = is_name
--- Watches names. Raises if one is invalid. After a reload the former answers are there at once. Phases: init.
-- 
-- @param owner the beginning of lines in the log
-- @param changed is called by `tick` when the answer for a name has changed
local function create(owner, registry, names, settings, changed)
    local common = {
        owner = owner,
        settings = settings,
        dict = registry.region.names,
        faults = faults_new("balancer", registry)
    }
    local all = {}
    local by_text = {}
    local reported = {}
    for ____, text in ipairs(names) do
        local name = parse(text)
        if name == nil then
            problem_refuse(owner .. ": nodes", "a list whose names are DNS names", text)
        end
        if not (by_text[text] ~= nil) then
            local watched = watch(common, registry, text, name)
            all[#all + 1] = watched
            by_text[text] = watched
            local answer = answer_of(watched)
            if answer ~= nil then
                reported[text] = answer
            end
        end
    end
    local fields = {names = all, by_text = by_text, reported = reported, changed = changed}
    local discovery = setmetatable(fields, metatable)
    figures_show(registry, discovery)
    return discovery
end
____exports.new = create
return ____exports
