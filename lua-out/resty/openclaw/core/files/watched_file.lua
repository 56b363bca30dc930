local ____exports = {}
local error = error
local ipairs = ipairs
local pcall = pcall
local tostring = tostring
local math_min = math.min
local ffi = require("ffi")
local ffi_cast = ffi.cast
local problem = require("resty.openclaw.config.problems")
local problem_inner = problem.inner
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
local file_state_ABSENT = file_state.ABSENT
local file_state_of = file_state.of
local files = require("resty.openclaw.core.files.files")
local files_REMEDY = files.REMEDY
local files_beginning = files.beginning
local files_is_forbidden = files.is_forbidden
local LOOK_SECONDS = 1
--- How long a state must last; a longer pause in the middle of a write goes unnoticed until the next look.
local SETTLE_SECONDS = 0.3
--- A file that never comes to rest is read at every so many looks.
local MOST_RESTLESS = 3
--- Each state of a file is reported once in so many seconds: a reload and a new worker find the same trouble.
local REPORT_SECONDS = 86400
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
--- The names of the last text, and of its digest, in the dict.
local function text_name(file)
    return "file text " .. ngx.md5(file.options.path)
end
local function digest_name(file)
    return "file digest " .. ngx.md5(file.options.path)
end
--- Shares the text that was taken, unless another worker has done so.
local function share(file, text)
    local ____file_options_registry_2 = file.options.registry
    local region = ____file_options_registry_2.region
    local dict_name = ____file_options_registry_2.dict_name
    if not region.shared then
        return
    end
    local before = region.names:get(digest_name(file))
    if before == file.digest then
        return
    end
    local stored, err = region.names:safe_set(
        text_name(file),
        text
    )
    if stored == true then
        region.names:safe_set(
            digest_name(file),
            file.digest
        )
        return
    end
    region.names:delete(digest_name(file))
    local effect = "if a worker crashes while the file is unusable, the next one uses what was read at the start"
    file.faults:report(
        "file",
        file.options.option,
        ": no room in the lua_shared_dict ",
        dict_name,
        ": ",
        err,
        "; ",
        effect
    )
end
--- Hands a text over that has this digest; why it was not taken.
local function hand_over_new(file, text, digest)
    local ok, taken, err = guard_protected_call(file.options.on_text, text)
    if not ok then
        return "cannot be read: an error inside the gateway"
    end
    if taken == nil then
        return err or "is refused"
    end
    file.digest = digest
    return nil
end
--- Hands a text over; why it was not taken.
local function hand_over(file, text)
    local digest, digest_err = digest_of(text)
    if digest == nil then
        return digest_err
    end
    local ____temp_3
    if digest == file.digest then
        ____temp_3 = nil
    else
        ____temp_3 = hand_over_new(file, text, digest)
    end
    local trouble = ____temp_3
    if trouble ~= nil then
        return trouble
    end
    share(file, text)
    file.loaded_at = ngx.time()
    return nil
end
--- The text; nil, why, and whether that stays so until the file is changed.
local function read(file)
    local ____file_options_4 = file.options
    local path = ____file_options_4.path
    local most_bytes = ____file_options_4.most_bytes
    local text, err = files_beginning(path, most_bytes + 1)
    if text == nil then
        return nil, err, file_state_of(path, most_bytes) == file_state_ABSENT
    end
    if #text > most_bytes then
        return nil, ("has more than " .. tostring(most_bytes)) .. " bytes", true
    end
    return text
end
--- Reports trouble, unless it was reported before, by this worker or another one.
local function report(file, state, trouble)
    local ____file_options_5 = file.options
    local registry = ____file_options_5.registry
    local option = ____file_options_5.option
    local path = ____file_options_5.path
    local on_trouble = ____file_options_5.on_trouble
    local mark = "file:" .. ngx.md5((((option .. "\n") .. state) .. "\n") .. trouble)
    if mark == file.report_mark then
        return
    end
    file.report_mark = mark
    if registry.region.shared then
        local ____, err = registry.region.names:safe_add(mark, 1, REPORT_SECONDS)
        if err == "exists" then
            return
        end
    end
    local remedy = files_is_forbidden(trouble) and "; " .. files_REMEDY or ""
    file.faults:report_each(
        "file",
        problem_inner(option),
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
--- Notes that the file is in use again; one worker says so.
local function note_recovery(file)
    local mark = file.report_mark
    if mark == nil then
        return
    end
    file.report_mark = nil
    local ____file_options_8 = file.options
    local registry = ____file_options_8.registry
    local option = ____file_options_8.option
    local path = ____file_options_8.path
    local reported = registry.region.names:get(mark)
    if reported == nil and registry.region.shared then
        return
    end
    registry.region.names:delete(mark)
    ngx.log(
        ngx.WARN,
        file.options.plugin,
        ": file: ",
        problem_inner(option),
        ": ",
        path,
        ": is in use again"
    )
end
--- Deals with a new state.
local function take(file, state)
    local ____file_options_9 = file.options
    local path = ____file_options_9.path
    local most_bytes = ____file_options_9.most_bytes
    local text, err, is_lasting = read(file)
    local is_settled = file_state_of(path, most_bytes) == state
    if not is_settled and file.restless < MOST_RESTLESS then
        file.restless = file.restless + 1
        return
    end
    file.restless = 0
    file.trouble = text == nil and err or hand_over(file, text)
    file.seen = is_settled and is_lasting ~= false and state or nil
    if file.trouble == nil then
        note_recovery(file)
    else
        report(file, state, file.trouble)
    end
end
--- Whether the file has another state than the one that was dealt with.
local function looks_new(file)
    local state = file_state_of(file.options.path, file.options.most_bytes)
    local ____file_11 = file
    local ____temp_10
    if state == file.seen then
        ____temp_10 = nil
    else
        ____temp_10 = state
    end
    ____file_11.candidate = ____temp_10
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
--- Takes what other workers use, where that is not what the master has read: the file may have changed since. Phases: init_worker.
local function catch_up(file)
    local ____file_options_registry_12 = file.options.registry
    local region = ____file_options_registry_12.region
    if not region.shared then
        return
    end
    local digest = region.names:get(digest_name(file))
    if digest == nil or digest == file.digest then
        return
    end
    local text = region.names:get(text_name(file))
    local trouble = text == nil and "the text is lost" or hand_over_new(file, text, digest)
    if trouble ~= nil then
        file.faults:report("file", file.options.option, ": what other workers use: ", trouble)
    end
end
____exports.catch_up = catch_up
--- Watches the file in this worker from now on. The first look reads it again, as the worker's user may not be allowed to. Phases:
-- init_worker, or any that may start a timer.
function ____exports.begin(file)
    if file.is_watched or not process_is_here() then
        return
    end
    file.is_watched = true
    file.seen = nil
    watched[#watched + 1] = file
    catch_up(file)
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
        report_mark = nil,
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
