local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local math_max = math.max
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call = guard.call
local worker_process = require("resty.openclaw.core.process.worker_process")
local worker_process_is_here = worker_process.is_here
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local key_figures = require("resty.openclaw.auth.key_figures")
local key_figures_add = key_figures.add
local key_figures_failures = key_figures.failures
local feeds = require("resty.openclaw.auth.jwt.key_url.feed")
local feeds_TIMES = feeds.TIMES
local feeds_loaded_at = feeds.loaded_at
local feeds_new = feeds.new
local fetches = require("resty.openclaw.auth.jwt.key_url.fetch")
local fetches_place_of = fetches.place_of
local refresh = require("resty.openclaw.auth.jwt.key_url.refresh")
local refresh_ask = refresh.ask
local shared_keys = require("resty.openclaw.auth.jwt.key_url.shared")
local shared_keys_failures = shared_keys.failures
local shared_keys_trouble = shared_keys.trouble
local waitings = require("resty.openclaw.auth.jwt.key_url.waiting")
local waitings_is_worthwhile = waitings.is_worthwhile
local waitings_new = waitings.new
local waitings_wait = waitings.wait
local TICK_SECONDS = 0.5
local ALONE = "this worker alone uses the newest keys: the lua_shared_dict has no room for them"
--- The sources by dict and URL: routes with the same URL share one.
local sources = {}
--- Those of this worker.
local started = {}
local is_ticking = false
local function current(self)
    return self.keys
end
local function find(self, kid)
    local waiting = self.waiting
    local times = self.times
    local ____until = clock_now() + times.wait
    while true do
        local keys = self.keys
        if (keys and keys:has(kid)) == true then
            return keys
        end
        local is_worthwhile = waitings_is_worthwhile(waiting) or refresh_ask(self) or waitings_is_worthwhile(waiting)
        if not is_worthwhile then
            return keys
        end
        if not waitings_wait(waiting, ____until) then
            return self.keys
        end
    end
end
local function count(self)
    local ____opt_2 = self.keys
    return ____opt_2 and #____opt_2.keys or 0
end
local function is_stale(self)
    return shared_keys_failures(self.shared) > 0
end
local function loaded_at(self)
    local moment = feeds_loaded_at(self)
    if moment == 0 then
        return nil
    end
    return ngx.now() - (clock_now() - moment)
end
local function status(self)
    local moment = feeds_loaded_at(self)
    local ____self_place_name_8 = self.place.name
    local ____temp_9 = self:count()
    local ____opt_4 = self.keys
    local ____temp_10 = ____opt_4 and ____opt_4.skipped or ({})
    local ____temp_6
    if moment == 0 then
        ____temp_6 = nil
    else
        ____temp_6 = math_max(
            0,
            clock_now() - moment
        )
    end
    local ____temp_11 = self:is_stale()
    local ____shared_keys_failures_result_12 = shared_keys_failures(self.shared)
    local ____temp_7
    if self.alone_at == 0 then
        ____temp_7 = shared_keys_trouble(self.shared)
    else
        ____temp_7 = ALONE
    end
    return {
        source = ____self_place_name_8,
        keys = ____temp_9,
        skipped = ____temp_10,
        age_seconds = ____temp_6,
        stale = ____temp_11,
        failures = ____shared_keys_failures_result_12,
        trouble = ____temp_7
    }
end
local function tick(premature)
    for ____, source in ipairs(started) do
        if premature then
            source.leader:resign()
        else
            guard_call(source.faults, "jwks", refresh.tick, source)
        end
    end
end
--- Fetches at once if it is due, as sockets do not exist in init_worker, and looks for newer keys from now on.
local function init_worker(self)
    if self.is_started or not worker_process_is_here() then
        return
    end
    self.is_started = true
    started[#started + 1] = self
    if is_ticking then
        return
    end
    local first, first_err = ngx.timer.at(0, tick)
    if not first then
        self.faults:report("timer", first_err)
    end
    local ok, err = ngx.timer.every(TICK_SECONDS, tick)
    is_ticking = ok ~= nil and ok ~= false
    if not is_ticking then
        self.faults:report("timer", err)
    end
end
local function exit_worker(self)
    self.leader:resign()
end
local metatable = {__index = {
    current = current,
    find = find,
    count = count,
    is_stale = is_stale,
    loaded_at = loaded_at,
    status = status,
    init_worker = init_worker,
    exit_worker = exit_worker
}}
local function make(____bindingPattern0)
    local times
    local server_name
    local url
    local option
    local registry
    registry = ____bindingPattern0.registry
    option = ____bindingPattern0.option
    url = ____bindingPattern0.url
    server_name = ____bindingPattern0.server_name
    times = ____bindingPattern0.times
    local place = fetches_place_of(option, url, server_name)
    local source = setmetatable(
        feeds_new(
            registry,
            option,
            place,
            url,
            times or feeds_TIMES
        ),
        metatable
    )
    source.waiting = waitings_new(source)
    source.is_started = false
    return source
end
--- The keys at a URL. Raises when the URL is no good; the message does not show it. Phases: init.
local function create(options)
    local ____options_13 = options
    local registry = ____options_13.registry
    local route = ____options_13.route
    local url = ____options_13.url
    local name = (registry.dict_name .. " ") .. url
    local source = sources[name] or make(options)
    sources[name] = source
    source.failures[route] = key_figures_failures(registry, route, "jwt")
    key_figures_add(registry, route, "jwt", source)
    return source
end
____exports.new = create
return ____exports
