local ____exports = {}
local error = error
local ipairs = ipairs
local pcall = pcall
local tostring = tostring
local math_min = math.min
local ffi = require("ffi")
local ffi_cast = ffi.cast
local digests = require("resty.openclaw.core.bytes.digest")
local digests_new = digests.new
local digests_update = digests.update
local faults = require("resty.openclaw.core.metrics.fault")
local faults_new = faults.new
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call = guard.call
local guard_protected_call = guard.protected_call
local process = require("resty.openclaw.core.process.worker_process")
local process_is_here = process.is_here
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_paced = time_slice.paced
local file_state = require("resty.openclaw.core.files.file_state")
local file_state_of = file_state.of
local files = require("resty.openclaw.core.files.files")
local files_beginning = files.beginning
local files_is_forbidden = files.is_forbidden
local LOOK_SECONDS = 1
--- How long a state must last; a longer pause in the middle of a write goes unnoticed until the next look.
local SETTLE_SECONDS = 0.3
--- A file that never comes to rest is read at every so many looks.
local MOST_RESTLESS = 3
--- Workers see a change within two seconds of each other.
local REPORT_SECONDS = 10
--- All watched files of this worker.
local watched = {}
local is_ticking = false
local is_looking = false
local sha256 = digests_new("sha256")
--- So much takes a third of a millisecond at most.
local DIGEST_BYTES = 65536
--- The digest of a text; in timers others have their turn meanwhile. Nil and why where OpenSSL fails.
local function digest_of(text)
    local pause = ngx.get_phase() == "timer" and time_slice_paced(time_slice.yield_now) or nil
    local bytes = ffi_cast("const char *", text)
    local context = sha256:begin()
    for at = 0, #text - 1, DIGEST_BYTES do
        if at > 0 then
            if pause ~= nil then
                pause()
            end
        end
        digests_update(
            context,
            bytes + at,
            math_min(DIGEST_BYTES, #text - at)
        )
    end
    return sha256:finish(context)
end
--- Hands a text over; why it was not taken.
local function hand_over(file, text)
    local digest, digest_err = digest_of(text)
    if digest == nil then
        return digest_err
    end
    if digest ~= file.digest then
        local ok, taken, err = guard_protected_call(file.options.on_text, text)
        if not ok then
            return "cannot be read: an error inside the gateway"
        end
        if taken == nil then
            return err or "is refused"
        end
        file.digest = digest
    end
    file.loaded_at = ngx.time()
    return nil
end
local function read(file)
    local ____file_options_2 = file.options
    local path = ____file_options_2.path
    local most_bytes = ____file_options_2.most_bytes
    local text, err = files_beginning(path, most_bytes + 1)
    if text == nil then
        return nil, err
    end
    if #text > most_bytes then
        return nil, ("has more than " .. tostring(most_bytes)) .. " bytes"
    end
    return text
end
--- Reports trouble, unless another worker has done so.
local function report(file, state, trouble)
    local ____file_options_3 = file.options
    local registry = ____file_options_3.registry
    local option = ____file_options_3.option
    local path = ____file_options_3.path
    local on_trouble = ____file_options_3.on_trouble
    if registry.region.shared then
        local key = "file:" .. ngx.md5((((option .. "\n") .. state) .. "\n") .. trouble)
        local ____, err = registry.region.names:safe_add(key, 1, REPORT_SECONDS)
        if err == "exists" then
            return
        end
    end
    local remedy = files_is_forbidden(trouble) and "; let the user of nginx's workers (the directive \"user\") read it, and search its folders" or ""
    file.faults:report(
        "file",
        option,
        ": ",
        path,
        ": ",
        trouble,
        remedy,
        "; what was read before stays in use"
    )
    if on_trouble ~= nil then
        on_trouble()
    end
end
--- Deals with a new state.
local function take(file, state)
    local ____file_options_6 = file.options
    local path = ____file_options_6.path
    local most_bytes = ____file_options_6.most_bytes
    local text, err = read(file)
    local is_settled = file_state_of(path, most_bytes) == state
    if not is_settled and file.restless < MOST_RESTLESS then
        file.restless = file.restless + 1
        return
    end
    file.seen = is_settled and state or nil
    file.restless = 0
    file.trouble = text == nil and err or hand_over(file, text)
    if file.trouble ~= nil then
        report(file, state, file.trouble)
    end
end
--- Whether the file has another state than the one that was dealt with.
local function looks_new(file)
    local state = file_state_of(file.options.path, file.options.most_bytes)
    local ____file_8 = file
    local ____temp_7
    if state == file.seen then
        ____temp_7 = nil
    else
        ____temp_7 = state
    end
    ____file_8.candidate = ____temp_7
    return file.candidate ~= nil
end
--- Deals with the state of before, if it lasts.
local function confirm(file)
    if file.candidate == nil then
        return
    end
    local state = file_state_of(file.options.path, file.options.most_bytes)
    if state ~= file.candidate and file.restless < MOST_RESTLESS then
        file.restless = file.restless + 1
        return
    end
    take(file, state)
end
--- One look at these files. Phases: timers; sleeps if there is anything new.
local function look_at(list)
    local is_any_new = false
    for ____, file in ipairs(list) do
        local is_new = looks_new(file)
        is_any_new = is_any_new or is_new
    end
    if not is_any_new then
        return
    end
    ngx.sleep(SETTLE_SECONDS)
    for ____, file in ipairs(list) do
        guard_call(file.faults, "file", confirm, file)
    end
end
____exports.look_at = look_at
local function tick(premature)
    if premature or is_looking then
        return
    end
    is_looking = true
    local ok, err = pcall(look_at, watched)
    is_looking = false
    if not ok then
        watched[1].faults:report("file", err)
    end
end
--- Watches the file in this worker from now on. The first look reads it again, as the worker's user may not be allowed to. Phases:
-- init_worker, or any that may start a timer.
function ____exports.begin(file)
    if file.is_watched or not process_is_here() then
        return
    end
    file.is_watched = true
    file.seen = nil
    watched[#watched + 1] = file
    if is_ticking then
        return
    end
    local ok, err = ngx.timer.every(LOOK_SECONDS, tick)
    is_ticking = ok ~= nil and ok ~= false
    if not is_ticking then
        file.faults:report("timer", err)
    end
end
--- Reads a file and hands it over. Raises when it cannot be read or is wrong; the message begins with the option's path. Phases: init.
local function create(options)
    local file = {
        options = options,
        faults = faults_new(options.plugin, options.registry),
        seen = nil,
        candidate = nil,
        restless = 0,
        digest = "",
        trouble = nil,
        loaded_at = 0,
        is_watched = false
    }
    local text, err = read(file)
    local trouble = text == nil and err or hand_over(file, text)
    if trouble ~= nil then
        error((((options.option .. ": ") .. options.path) .. ": ") .. trouble, 0)
    end
    return file
end
____exports.new = create
return ____exports
