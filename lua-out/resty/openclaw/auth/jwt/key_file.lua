local ____exports = {}
local pairs = pairs
local setmetatable = setmetatable
local math_max = math.max
local watched_file = require("resty.openclaw.core.files.watched_file")
local watched_file_begin = watched_file.begin
local watched_file_new = watched_file.new
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_paced = time_slice.paced
local key_figures = require("resty.openclaw.auth.key_figures")
local key_figures_add = key_figures.add
local key_figures_failures = key_figures.failures
local key_set = require("resty.openclaw.auth.jwt.key_set")
local key_set_MOST_BYTES = key_set.MOST_BYTES
local key_set_parse = key_set.parse
--- Parses a text; the keys stay as they are if it is wrong.
local function take(source, text)
    local pause = ngx.get_phase() == "timer" and time_slice_paced(time_slice.yield_now) or nil
    local keys, err = key_set_parse(text, source.needs, pause)
    if keys == nil then
        return nil, err
    end
    source.keys = keys
    source.generation = source.generation + 1
    return true
end
local function current(self)
    return self.keys
end
local function count(self)
    local ____opt_0 = self.keys
    return ____opt_0 and #____opt_0.keys or 0
end
local function is_stale(self)
    return self.file.trouble ~= nil
end
local function loaded_at(self)
    return self.file.loaded_at
end
local function init_worker(self)
    watched_file_begin(self.file)
end
local function status(self)
    local ____self_file_options_path_4 = self.file.options.path
    local ____temp_5 = self:count()
    local ____opt_2 = self.keys
    return {
        source = ____self_file_options_path_4,
        keys = ____temp_5,
        skipped = ____opt_2 and ____opt_2.skipped or ({}),
        age_seconds = math_max(
            0,
            ngx.time() - self.file.loaded_at
        ),
        stale = self:is_stale(),
        trouble = self.file.trouble
    }
end
local metatable = {__index = {
    current = current,
    find = current,
    count = count,
    is_stale = is_stale,
    loaded_at = loaded_at,
    init_worker = init_worker,
    status = status
}}
--- By dict and path: routes with the same file share its keys.
local known = {}
local function count_failure(source)
    for ____, counter in pairs(source.failures) do
        counter:inc()
    end
end
local function read(____bindingPattern0)
    local path
    local option
    local registry
    registry = ____bindingPattern0.registry
    option = ____bindingPattern0.option
    path = ____bindingPattern0.path
    local source = setmetatable({generation = 0, keys = nil, needs = {}, failures = {}}, metatable)
    source.file = watched_file_new({
        registry = registry,
        plugin = "auth",
        option = option,
        path = path,
        most_bytes = key_set_MOST_BYTES,
        on_text = function(text) return take(source, text) end,
        on_trouble = function()
            count_failure(source)
        end
    })
    return source
end
--- The keys in a file. Raises when it cannot be read or has no keys; the message begins with the option's path and shows nothing of
-- the file. Phases: init.
local function create(options)
    local ____options_6 = options
    local registry = ____options_6.registry
    local route = ____options_6.route
    local path = ____options_6.path
    local name = (registry.dict_name .. " ") .. path
    local source = read(options)
    local earlier = known[name]
    if earlier ~= nil and earlier.file.digest == source.file.digest then
        source = earlier
    end
    known[name] = source
    source.failures[route] = key_figures_failures(registry, route, "jwt")
    key_figures_add(registry, route, "jwt", source)
    return source
end
____exports.new = create
return ____exports
