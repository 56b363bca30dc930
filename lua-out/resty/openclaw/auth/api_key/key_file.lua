local ____exports = {}
local setmetatable = setmetatable
local math_max = math.max
local watched_file = require("resty.openclaw.core.files.watched_file")
local watched_file_begin = watched_file.begin
local watched_file_new = watched_file.new
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_paced = time_slice.paced
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
    local caller = entries_find(self.keys.current, digest)
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
local function status(self)
    local ____self_file_0 = self.file
    local options = ____self_file_0.options
    local loaded_at = ____self_file_0.loaded_at
    local trouble = ____self_file_0.trouble
    return {
        source = options.path,
        keys = self.keys.current.count,
        age_seconds = math_max(
            0,
            ngx.time() - loaded_at
        ),
        stale = trouble ~= nil,
        trouble = trouble
    }
end
local function go_on()
end
local metatable = {__index = {check = check, init_worker = init_worker, status = status}}
--- Reads the file. Raises where it cannot be read, is wrong or has no keys; the message shows nothing of it. Phases: init.
local function create(____bindingPattern0)
    local path
    local option
    local plugin
    local registry
    registry = ____bindingPattern0.registry
    plugin = ____bindingPattern0.plugin
    option = ____bindingPattern0.option
    path = ____bindingPattern0.path
    local keys = {current = {count = 0}}
    local function on_text(text)
        local is_init = ngx.get_phase() == "init"
        local found, err = entries_parse(
            text,
            is_init and go_on or time_slice_paced(time_slice.yield_now)
        )
        if found == nil then
            return nil, err
        end
        keys.current = found
        return true
    end
    local file = watched_file_new({
        registry = registry,
        plugin = plugin,
        option = option,
        path = path,
        most_bytes = entries_MOST_BYTES,
        on_text = on_text
    })
    local method = {name = "api_key", file = file, keys = keys}
    return setmetatable(method, metatable)
end
____exports.new = create
return ____exports
