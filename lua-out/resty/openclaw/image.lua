local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local tostring = tostring
local math_floor = math.floor
local string_lower = string.lower
local methods = require("resty.openclaw.core.http.method")
local methods_may_be_empty = methods.may_be_empty
local large_memory = require("resty.openclaw.core.memory.large_memory")
local large_memory_give_back = large_memory.give_back
local fault = require("resty.openclaw.core.metrics.fault")
local fault_new = fault.new
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_open = metric_registry.open
local converted_image = require("resty.openclaw.core.request.converted_image")
local converted_image_is_here = converted_image.is_here
local converted_image_note = converted_image.note
local near_picture = require("resty.openclaw.core.request.near_picture")
local near_picture_note = near_picture.note
local rejections = require("resty.openclaw.core.request.rejection")
local rejections_VARIABLE = rejections.VARIABLE
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local request_whole_number = request.whole_number
local request_body = require("resty.openclaw.core.request.request_body")
local request_body_read = request_body.read
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_present = request_state.present
local contract = require("resty.openclaw.gateway.contract")
local contract_alone = contract.alone
local contract_define = contract.define
local envelope = require("resty.openclaw.image.envelope")
local envelope_body_filter = envelope.body_filter
local envelope_header_filter = envelope.header_filter
local envelope_is_lost = envelope.is_lost
local envelope_new_hook = envelope.new_hook
local figures = require("resty.openclaw.image.figures")
local figures_count = figures.count
local figures_count_images = figures.count_images
local figures_new = figures.new
local helper_processes = require("resty.openclaw.image.helper_process")
local helper_processes_run = helper_processes.run
local jobs_of = require("resty.openclaw.image.jobs")
local jobs_of_convert = jobs_of.convert
local jobs_of_free = jobs_of.free
local jobs_of_new = jobs_of.new
local jobs_of_retry_after = jobs_of.retry_after
local places = require("resty.openclaw.image.places")
local places_new = places.new
local places_taken = places.taken
local places_waiting = places.waiting
local refusals = require("resty.openclaw.image.refusals")
local refusals_is_of_request = refusals.is_of_request
local refusals_refuse = refusals.refuse
local remotes = require("resty.openclaw.image.remote")
local remotes_fetch = remotes.fetch
local remotes_new = remotes.new
local request_change = require("resty.openclaw.image.request_change")
local request_change_apply = request_change.apply
local request_change_is_marked = request_change.is_marked
local request_change_unmark = request_change.unmark
local settings = require("resty.openclaw.image.settings")
local settings_SCHEMA = settings.SCHEMA
local settings_check = settings.check
local settings_plan_of = settings.plan_of
local threads = require("resty.openclaw.image.thread")
local threads_run = threads.run
local thread_pools = require("resty.openclaw.image.thread_pool")
local thread_pools_check = thread_pools.check
local NAME = "image"
local IDENTITY = "openclaw_identity"
--- Until images may be fetched again.
local REMOTE_RETRY_SECONDS = 1
--- How much longer than an image a body may be: base64 makes four bytes of three, and there are other members or fields.
local BASE64_SHARE = 1.4
local OTHER_BYTES = 65536
local function refuse(image, problem, message, retry_after)
    figures_count(image.figures, problem)
    return refusals_refuse(problem, message, retry_after)
end
local function refuse_too_large(image)
    return refuse(
        image,
        "body_too_large",
        ("The image may have at most " .. tostring(image.jobs.plan.max_bytes)) .. " bytes."
    )
end
--- Whether the body is one that has been converted: before it was stored, or by another gateway that says so.
local function is_converted(____bindingPattern0)
    local believes_all
    local converted_by
    converted_by = ____bindingPattern0.converted_by
    believes_all = ____bindingPattern0.believes_all
    if not request_change_is_marked() then
        return false
    end
    local ____opt_0 = request_state_present()
    if (____opt_0 and ____opt_0.delivery_of) ~= nil then
        return true
    end
    local identity = request_variable(IDENTITY) or ""
    return identity ~= "" and (believes_all or converted_by[identity] ~= nil)
end
--- The body, if there is one that is to be converted; refuses what can be refused before.
local function body_of(image)
    if request_whole_number("content_length") > image.max_body_bytes then
        return refuse_too_large(image)
    end
    local body, err = request_body_read()
    if body == nil then
        image.faults:report("unreadable_body", err)
        return refuse(image, "failed", "")
    end
    if body.bytes > image.max_body_bytes then
        return refuse_too_large(image)
    end
    if body.bytes > 0 then
        return body
    end
    if methods_may_be_empty(request_variable("request_method") or "") then
        return nil
    end
    return refuse(image, "no_image", "The request has no body, so there is no image in it.")
end
local function refuse_answer(image, problem, ____bindingPattern0)
    local detail
    local message
    message = ____bindingPattern0.message
    detail = ____bindingPattern0.detail
    if not refusals_is_of_request(problem) then
        image.faults:report(problem, ("route \"" .. image.route) .. "\": ", detail or message)
    end
    local is_busy = problem == "image_queue_full" or problem == "image_queue_timeout"
    return refuse(
        image,
        problem,
        message or "",
        is_busy and jobs_of_retry_after(image.jobs) or nil
    )
end
local function refuse_remote(image, ____bindingPattern0)
    local detail
    local message
    local code
    code = ____bindingPattern0.code
    message = ____bindingPattern0.message
    detail = ____bindingPattern0.detail
    if code == "remote_unavailable" then
        image.faults:report(code, ("route \"" .. image.route) .. "\": ", detail or message)
    end
    return refuse(image, code, message, code == "remote_busy" and REMOTE_RETRY_SECONDS or nil)
end
--- Fetches the images at these addresses; refuses the request if one cannot be had.
local function fetch_all(image, addresses)
    local pictures = {}
    for ____, address in ipairs(addresses) do
        local picture, problem = remotes_fetch(image.remote, address)
        if picture == nil then
            return refuse_remote(image, problem)
        end
        pictures[#pictures + 1] = {address = address, picture = picture}
    end
    return pictures
end
local function convert(image, body)
    local content_type = request_variable("http_content_type")
    local answer, made = jobs_of_convert(image.jobs, body, content_type, {})
    if answer.addresses ~= nil then
        answer, made = jobs_of_convert(
            image.jobs,
            body,
            content_type,
            fetch_all(image, answer.addresses)
        )
    end
    if answer.problem ~= nil then
        return refuse_answer(image, answer.problem, answer)
    end
    if answer.is_untouched == true then
        return figures_count(image.figures, "untouched")
    end
    if made == nil then
        return refuse_answer(image, "failed", {detail = "the conversion has made nothing"})
    end
    local problem = request_change_apply(made, answer.bytes, answer.content_type, answer.query)
    jobs_of_free()
    if problem ~= nil then
        return refuse_answer(image, "failed", {detail = problem})
    end
    figures_count(image.figures, "converted")
    figures_count_images(image.figures, answer.images)
    local ____image_2 = image
    local near = ____image_2.near
    if near ~= nil and answer.hash ~= nil then
        near_picture_note(answer.hash, near.distance, near.seconds, answer.rest)
    end
end
local function access(self)
    if converted_image_is_here() then
        return
    end
    if is_converted(self) then
        converted_image_note()
        return figures_count(self.figures, "trusted")
    end
    request_change_unmark()
    local encoding = request_variable("http_content_encoding") or ""
    local body = body_of(self)
    if body == nil then
        return
    end
    if encoding ~= "" and string_lower(encoding) ~= "identity" then
        return refuse(self, "unsupported_media_type", "The body must not have a Content-Encoding.")
    end
    convert(self, body)
end
local function status(self)
    local ____self_jobs_3 = self.jobs
    local its_places = ____self_jobs_3.places
    local mean_seconds = ____self_jobs_3.mean_seconds
    local document = {
        jobs = #its_places.all,
        running = places_taken(its_places),
        waiting = places_waiting(its_places),
        mean_seconds = mean_seconds
    }
    return document
end
local function header_filter(self)
    envelope_header_filter(self.hook)
end
local function body_filter(self)
    envelope_body_filter(self.hook)
end
local function log(self)
    if not envelope_is_lost(self.hook) then
        return
    end
    self.faults:report("no_body_filter", (("a response of the route \"" .. self.route) .. "\" passed without its envelope, as its location has no body_filter_by_lua: include ") .. "nginx/image.conf or nginx/cache.conf in all locations of the route")
end
local function init_worker(self)
    large_memory_give_back()
    if self.thread_pool ~= nil then
        thread_pools_check(self.thread_pool, self.route, self.faults)
    end
end
local metatable = {__index = {init_worker = init_worker, access = access, status = status}}
--- Of routes with envelopes: others need no hooks for them.
local metatable_with_envelope = {__index = {
    init_worker = init_worker,
    access = access,
    header_filter = header_filter,
    body_filter = body_filter,
    log = log,
    status = status
}}
local function set_of(names)
    local known = {}
    for ____, name in ipairs(names) do
        known[name] = true
    end
    return known
end
local function create(options, ____bindingPattern0)
    local route
    local path
    path = ____bindingPattern0.path
    route = ____bindingPattern0.route
    local ____options_4 = options
    local converted_by = ____options_4.converted_by
    settings_check(options, path)
    local registry = metric_registry_open(options.dict)
    local faults = fault_new(NAME, registry)
    local its_places = places_new(
        registry.region,
        route,
        options.jobs,
        options.queue,
        faults
    )
    local its_figures = figures_new(registry, route, its_places)
    local ____options_5 = options
    local thread_pool = ____options_5.thread_pool
    local queue_seconds = ____options_5.queue_seconds
    local seconds = ____options_5.seconds
    local helpers = {region = registry.region, route = route, seconds = seconds, faults = faults}
    local run = options.isolate == "process" and (function(order, place) return helper_processes_run(helpers, place, order) end) or (function(order) return threads_run(thread_pool, seconds, order) end)
    local jobs = jobs_of_new({
        places = its_places,
        run = run,
        plan = settings_plan_of(options),
        queue_seconds = queue_seconds,
        seconds = seconds,
        figures = its_figures,
        faults = faults
    })
    local ____route_7 = route
    local ____jobs_8 = jobs
    local ____faults_9 = faults
    local ____temp_10 = math_floor(options.max_bytes * BASE64_SHARE) + OTHER_BYTES
    local ____set_of_result_11 = set_of((converted_by == nil or converted_by == true) and ({}) or converted_by)
    local ____temp_12 = converted_by == true
    local ____temp_6
    if options.remote == nil then
        ____temp_6 = nil
    else
        ____temp_6 = remotes_new(options.remote, path .. ".remote")
    end
    local fields = {
        route = ____route_7,
        jobs = ____jobs_8,
        figures = its_figures,
        faults = ____faults_9,
        max_body_bytes = ____temp_10,
        converted_by = ____set_of_result_11,
        believes_all = ____temp_12,
        remote = ____temp_6,
        near = options.near,
        hook = envelope_new_hook(),
        thread_pool = options.isolate == "thread" and thread_pool or nil
    }
    return setmetatable(fields, options.envelope and metatable_with_envelope or metatable)
end
local declaration = {
    name = NAME,
    meaning = "[converts images](image.md) in requests, and puts answers into one envelope",
    order = {access = 490, header_filter = 900, body_filter = 900},
    schema = settings_SCHEMA,
    variables = {[rejections_VARIABLE] = ""},
    create = create
}
____exports.plugin = contract_define(declaration)
--- The plugin alone, from the options in docs/image.md. Raises when one is wrong. Phases: init.
local function alone(options)
    return contract_alone(declaration, options)
end
____exports.new = alone
return ____exports
