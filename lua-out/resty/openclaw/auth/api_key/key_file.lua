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
local credentials = require("resty.openclaw.auth.api_key.credential")
local credentials_digest_of = credentials.digest_of
local credentials_is_legal = credentials.is_legal
local entries = require("resty.openclaw.auth.api_key.entries")
local entries_MOST_BYTES = entries.MOST_BYTES
local entries_find = entries.find
local entries_parse = entries.parse
local function check(self, credential, now)
    if not credentials_is_legal(credential) then
        return nil, "malformed"
    end
    local digest = credentials_digest_of(credential)
    if digest == nil then
        return nil, "unavailable"
    end
    local caller = entries_find(self.entries, digest)
    if caller == nil then
        return nil, "unknown_key"
    end
    if caller.expires_at ~= nil and now >= caller.expires_at then
        return nil, "expired"
    end
    return caller
end
local function init_worker(self)
    watched_file_begin(self.file)
end
local function count(self)
    return self.entries.count
end
local function is_stale(self)
    return self.file.trouble ~= nil
end
local function loaded_at(self)
    return self.file.loaded_at
end
local function status(self)
    local ____self_file_0 = self.file
    local options = ____self_file_0.options
    local trouble = ____self_file_0.trouble
    return {
        source = options.path,
        keys = self:count(),
        age_seconds = math_max(
            0,
            ngx.time() - self.file.loaded_at
        ),
        stale = self:is_stale(),
        trouble = trouble
    }
end
--- Parses a text; the keys stay as they are if it is wrong.
local function take(method, text)
    local pause = ngx.get_phase() == "timer" and time_slice_paced(time_slice.yield_now) or nil
    local found, err = entries_parse(text, pause)
    if found == nil then
        return nil, err
    end
    method.entries = found
    return true
end
local metatable = {__index = {
    check = check,
    init_worker = init_worker,
    count = count,
    is_stale = is_stale,
    loaded_at = loaded_at,
    status = status
}}
--- By dict and path: routes with the same file share its keys.
local known = {}
local function read(____bindingPattern0)
    local path
    local option
    local plugin
    local registry
    registry = ____bindingPattern0.registry
    plugin = ____bindingPattern0.plugin
    option = ____bindingPattern0.option
    path = ____bindingPattern0.path
    local members = {name = "api_key", failures = {}}
    local method = setmetatable(members, metatable)
    method.file = watched_file_new({
        registry = registry,
        plugin = plugin,
        option = option,
        path = path,
        most_bytes = entries_MOST_BYTES,
        on_text = function(text) return take(method, text) end,
        on_trouble = function()
            for ____, counter in pairs(method.failures) do
                counter:inc()
            end
        end
    })
    return method
end
--- Reads the file. Raises where it cannot be read, is wrong or has no keys; the message shows nothing of it. Phases: init.
local function create(options)
    local ____options_1 = options
    local registry = ____options_1.registry
    local route = ____options_1.route
    local path = ____options_1.path
    local name = (registry.dict_name .. " ") .. path
    local method = read(options)
    local earlier = known[name]
    if earlier ~= nil and earlier.file.digest == method.file.digest then
        method = earlier
    end
    known[name] = method
    method.failures[route] = key_figures_failures(registry, route, "api_key")
    key_figures_add(registry, route, "api_key", method)
    return method
end
____exports.new = create
return ____exports
