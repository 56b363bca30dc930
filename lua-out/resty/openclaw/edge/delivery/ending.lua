local ____exports = {}
--- Headers of answers that are kept: those without which the body cannot be read.
____exports.HEADERS = {"Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition"}
____exports.EXPIRED = "The job is too old, and nothing of it is kept."
local MESSAGES = {
    job_expired = ____exports.EXPIRED,
    job_broken = "The job was damaged on the disk.",
    job_failed = "The job was sent several times, and each time the other end took it and gave no answer.",
    answer_too_large = "The answer was too large to be kept.",
    answer_dropped = "The job was delivered, but the disk is full, and its answer was not kept.",
    no_answer = "The job was sent several times, and no answer came."
}
local STATUSES = {
    job_expired = 410,
    job_broken = 500,
    job_failed = 502,
    answer_too_large = 502,
    answer_dropped = 410,
    no_answer = 504
}
--- Whether what is kept says why there is no answer, from what is wrong with it. Phases: any.
function ____exports.is_failure(error_code)
    return error_code ~= nil and error_code ~= "job_expired"
end
--- The status by which an answer that is kept is given out, from what is wrong with it. Phases: any.
function ____exports.status_of(error_code)
    return STATUSES[tostring(error_code)] or 200
end
--- The end of a job without an answer that could be kept. Phases: any.
function ____exports.failure(code, result, status)
    local document = "{\"error\":{\"code\":\"%s\",\"message\":\"%s\",\"status\":%d}}\n"
    local body = string.format(
        document,
        code,
        MESSAGES[code],
        ____exports.status_of(code)
    )
    local headers = {["Content-Type"] = "application/json"}
    if status == nil then
        return {result = result, error = code, headers = headers, body = body}
    end
    return {
        result = result,
        status = status,
        error = code,
        headers = headers,
        body = body
    }
end
--- The end of a job with an answer, of which no more than `most_bytes` are kept. Phases: any.
function ____exports.answer(given, result, most_bytes)
    if #given.body > most_bytes then
        return ____exports.failure("answer_too_large", "failed", given.status)
    end
    local headers = {}
    for ____, name in ipairs(____exports.HEADERS) do
        local value = given.headers[string.lower(name)]
        if value ~= nil then
            headers[name] = value
        end
    end
    return {result = result, status = given.status, headers = headers, body = given.body}
end
return ____exports
