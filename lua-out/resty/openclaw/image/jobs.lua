local ____exports = {}
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
local time_left = require("resty.openclaw.core.request.time_left")
local time_left_seconds = time_left.seconds
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local hand_over = require("resty.openclaw.image.hand_over")
local hand_over_release = hand_over.release
local hand_over_take = hand_over.take
local places_of = require("resty.openclaw.image.places")
local places_of_enter = places_of.enter
local places_of_give_back = places_of.give_back
local places_of_waiting = places_of.waiting
--- How much a conversion counts for the mean.
local WEIGHT = 0.2
local LEAST_RETRY_SECONDS = 1
local MOST_RETRY_SECONDS = 60
local function failure(problem, message, detail)
    return {problem = problem, message = message, detail = detail}, nil
end
local function work(_premature, job)
    local ____job_0 = job
    local jobs = ____job_0.jobs
    local place = ____job_0.place
    local source = ____job_0.source
    local order = ____job_0.order
    local done = ____job_0.done
    local began = clock_now()
    local ok, answer = pcall(jobs.run, order, place)
    hand_over_release(source)
    places_of_give_back(jobs.places, place)
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
    if not job.is_given_up then
        return done:post(1)
    end
    if job.made ~= nil then
        c_memory_free(job.made)
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
    local ____ok_1
    if ok then
        ____ok_1 = nil
    else
        ____ok_1 = "no timer for it: " .. tostring(err)
    end
    return ____ok_1
end
--- Waits for the end of a job that was started.
local function await_end(job)
    local ____job_2 = job
    local jobs = ____job_2.jobs
    local done = ____job_2.done
    done:wait(math_max(
        0,
        math_min(
            jobs.seconds,
            time_left_seconds() or math_huge
        )
    ))
    if job.answer ~= nil then
        return job.answer, job.made
    end
    job.is_given_up = true
    return failure("image_timeout", "The conversion of the image took too long.")
end
local function run_in_place(jobs, place, body, content_type, fetched)
    local source, source_err = hand_over_take(body)
    if source == nil then
        places_of_give_back(jobs.places, place)
        return failure("failed", "", source_err)
    end
    local done, semaphore_err = semaphores_new(0)
    local ____temp_3
    if source.memory == nil then
        ____temp_3 = nil
    else
        ____temp_3 = c_memory_address_of(source.memory)
    end
    local memory = ____temp_3
    local order = {
        plan = jobs.plan,
        bytes = source.bytes,
        memory = memory,
        file = source.file,
        content_type = content_type,
        fetched = fetched
    }
    local job = {
        jobs = jobs,
        place = place,
        source = source,
        order = order,
        done = done,
        answer = nil,
        made = nil,
        is_given_up = false
    }
    local problem = done == nil and semaphore_err or start(job)
    if problem ~= nil then
        hand_over_release(source)
        places_of_give_back(jobs.places, place)
        return failure("failed", "", problem)
    end
    return await_end(job)
end
--- Converts a body, after a wait if too many conversions run. Phases: access; yields. Never raises.
local function convert(jobs, body, content_type, fetched)
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
            fetched
        )
    end
    if reason == "full" then
        return failure("image_queue_full", "Too many images wait for their conversion already.")
    end
    return failure("image_queue_timeout", "Other images were converted for as long as the request may wait.")
end
____exports.convert = convert
--- Gives the body back that a conversion has made. Phases: any.
local function free(made)
    c_memory_free(made)
end
____exports.free = free
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
return ____exports
