local ____exports = {}
local ipairs = ipairs
local pcall = pcall
local tostring = tostring
local math_ceil = math.ceil
local math_huge = math.huge
local math_max = math.max
local math_min = math.min
local semaphores = require("ngx.semaphore")
local semaphores_new = semaphores.new
local c_memory = require("resty.openclaw.core.memory.c_memory")
local c_memory_address_of = c_memory.address_of
local c_memory_free = c_memory.free
local c_memory_take_over = c_memory.take_over
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_handles_observe = metric_handles.observe
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
local request_state_when_forgotten = request_state.when_forgotten
local request_state_when_lost = request_state.when_lost
local time_left = require("resty.openclaw.core.request.time_left")
local time_left_seconds = time_left.seconds
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local hand_over = require("resty.openclaw.image.hand_over")
local hand_over_fill = hand_over.fill
local hand_over_open = hand_over.open
local hand_over_release = hand_over.release
local places_of = require("resty.openclaw.image.places")
local places_of_enter = places_of.enter
local places_of_give_back = places_of.give_back
local places_of_waiting = places_of.waiting
local remotes = require("resty.openclaw.image.remote")
local remotes_memory_of = remotes.memory_of
--- How much a conversion counts for the mean.
local WEIGHT = 0.2
local NO_TIMER = "nginx has not run the timer of a conversion: there are more than lua_max_running_timers allows"
local LEAST_RETRY_SECONDS = 1
local MOST_RETRY_SECONDS = 60
local function failure(problem, message, detail)
    return {problem = problem, message = message, detail = detail}, nil
end
--- Gives back the body, and the place.
local function release(job)
    local ____job_0 = job
    local jobs = ____job_0.jobs
    local place = ____job_0.place
    local source = ____job_0.source
    job.source = nil
    if source ~= nil then
        hand_over_release(source)
    end
    places_of_give_back(jobs.places, place)
end
local function free_made(job)
    local ____job_1 = job
    local made = ____job_1.made
    job.made = nil
    if made ~= nil then
        c_memory_free(made)
    end
end
--- Nobody waits for the answer any more. One that was not begun never will be.
local function give_up(job)
    if not job.is_begun and not job.is_given_up then
        release(job)
    end
    job.is_given_up = true
    free_made(job)
end
local function work(_premature, job)
    if job.is_given_up then
        return
    end
    job.is_begun = true
    local ____job_2 = job
    local jobs = ____job_2.jobs
    local place = ____job_2.place
    local order = ____job_2.order
    local done = ____job_2.done
    local began = clock_now()
    local ok, answer = pcall(jobs.run, order, place)
    release(job)
    ngx.update_time()
    local took = clock_now() - began
    jobs.mean_seconds = jobs.mean_seconds + WEIGHT * (took - jobs.mean_seconds)
    metric_handles_observe(jobs.figures.work_seconds, took)
    job.answer = ok and answer or ({
        problem = "failed",
        message = "",
        detail = tostring(answer)
    })
    local address = job.answer.memory
    if address ~= nil then
        job.made = c_memory_take_over(address)
    end
    if job.is_given_up then
        free_made(job)
    else
        done:post(1)
    end
end
--- After how many seconds there should be a place again. Phases: any.
local function retry_after(____bindingPattern0)
    local mean_seconds
    local places
    places = ____bindingPattern0.places
    mean_seconds = ____bindingPattern0.mean_seconds
    local ahead = places_of_waiting(places) + #places.all
    local expected = math_ceil(ahead * mean_seconds / #places.all)
    return (math_min(
        MOST_RETRY_SECONDS,
        math_max(LEAST_RETRY_SECONDS, expected)
    ))
end
____exports.retry_after = retry_after
--- Starts the job; why that failed, if it did.
local function start(job)
    local ok, err = ngx.timer.at(0, work, job)
    local ____ok_3
    if ok then
        ____ok_3 = nil
    else
        ____ok_3 = "no timer for it: " .. tostring(err)
    end
    return ____ok_3
end
--- The images as a conversion gets them.
local function fetched_of(pictures)
    local all = {}
    for ____, ____value in ipairs(pictures) do
        local address = ____value.address
        local picture = ____value.picture
        local memory = remotes_memory_of(picture)
        if memory ~= nil then
            all[#all + 1] = {
                address = address,
                memory = c_memory_address_of(memory),
                bytes = picture.bytes
            }
        end
    end
    return all
end
--- The job is the request's no more.
local function ____end(job)
    request_state_open().image_job = nil
    give_up(job)
end
--- Waits for the end of a job that was started.
local function await_end(job)
    local ____job_4 = job
    local jobs = ____job_4.jobs
    local done = ____job_4.done
    local seconds = math_max(
        0,
        math_min(
            jobs.seconds,
            time_left_seconds() or math_huge
        )
    )
    done:wait(seconds)
    local ____job_5 = job
    local answer = ____job_5.answer
    local made = ____job_5.made
    local is_begun = ____job_5.is_begun
    if answer ~= nil then
        if made == nil then
            ____end(job)
        end
        return answer, made
    end
    ____end(job)
    if not is_begun and seconds == jobs.seconds then
        jobs.faults:report("timer", NO_TIMER)
    end
    return failure("image_timeout", "The conversion of the image took too long.")
end
--- Hands the body over, and starts the job. Returns why that failed, if it did. Yields: the client may leave meanwhile.
local function begin(job, body, content_type)
    local source, err = hand_over_open(body)
    if source == nil then
        return err
    end
    job.source = source
    local problem = hand_over_fill(source, body)
    if problem ~= nil then
        return problem
    end
    local ____source_6 = source
    local bytes = ____source_6.bytes
    local file = ____source_6.file
    local ____temp_7
    if source.memory == nil then
        ____temp_7 = nil
    else
        ____temp_7 = c_memory_address_of(source.memory)
    end
    local memory = ____temp_7
    job.order = {
        plan = job.jobs.plan,
        bytes = bytes,
        memory = memory,
        file = file,
        content_type = content_type,
        fetched = fetched_of(job.pictures)
    }
    return start(job)
end
local function run_in_place(jobs, place, body, content_type, pictures)
    local done, semaphore_err = semaphores_new(0)
    if done == nil then
        places_of_give_back(jobs.places, place)
        return failure("failed", "", semaphore_err)
    end
    local job = {
        jobs = jobs,
        place = place,
        source = nil,
        order = nil,
        pictures = pictures,
        done = done,
        is_begun = false,
        answer = nil,
        made = nil,
        is_given_up = false
    }
    local state = request_state_open()
    state.image_job = job
    state.is_unfinished = true
    local problem = begin(job, body, content_type)
    if problem == nil then
        return await_end(job)
    end
    ____end(job)
    return failure("failed", "", problem)
end
--- Converts a body, after a wait if too many conversions run. Phases: access; yields. Never raises.
local function convert(jobs, body, content_type, pictures)
    local began = clock_now()
    local place, reason = places_of_enter(
        jobs.places,
        math_max(
            0,
            math_min(
                jobs.queue_seconds,
                time_left_seconds() or math_huge
            )
        )
    )
    metric_handles_observe(
        jobs.figures.queue_seconds,
        clock_now() - began
    )
    if place ~= nil then
        return run_in_place(
            jobs,
            place,
            body,
            content_type,
            pictures
        )
    end
    if reason == "full" then
        return failure("image_queue_full", "Too many images wait for their conversion already.")
    end
    return failure("image_queue_timeout", "Other images were converted for as long as the request may wait.")
end
____exports.convert = convert
--- Gives the body back that the conversion of the request at hand has made. Phases: access.
local function free()
    local ____opt_8 = request_state_present()
    local job = ____opt_8 and ____opt_8.image_job
    if job ~= nil then
        ____end(job)
    end
end
____exports.free = free
local function leave(state)
    local job = state.image_job
    if job == nil then
        return
    end
    state.image_job = nil
    give_up(job)
end
--- The conversions of a route. Phases: init.
local function create(____bindingPattern0)
    local faults
    local figures
    local seconds
    local queue_seconds
    local plan
    local run
    local places
    places = ____bindingPattern0.places
    run = ____bindingPattern0.run
    plan = ____bindingPattern0.plan
    queue_seconds = ____bindingPattern0.queue_seconds
    seconds = ____bindingPattern0.seconds
    figures = ____bindingPattern0.figures
    faults = ____bindingPattern0.faults
    return {
        places = places,
        run = run,
        plan = plan,
        queue_seconds = queue_seconds,
        seconds = seconds,
        figures = figures,
        faults = faults,
        mean_seconds = 0
    }
end
____exports.new = create
request_state_when_forgotten(leave)
request_state_when_lost(leave)
return ____exports
