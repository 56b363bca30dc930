local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local string_format = string.format
local string_lower = string.lower
--- Headers of the response that are stored: those that are needed to read its body.
local HEADERS = {"Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition"}
____exports.HEADERS = HEADERS
local EXPIRED = "The job is too old, and nothing of it is stored."
____exports.EXPIRED = EXPIRED
local MESSAGES = {
    job_expired = EXPIRED,
    job_broken = "The job was damaged on the disk.",
    job_failed = "The job reached the other end several times, and got no response.",
    answer_too_large = "The response was too large to be stored.",
    answer_dropped = "The job was delivered, but its response was dropped, as the disk is full.",
    no_answer = "The job was sent several times, and got no response."
}
local STATUSES = {
    job_expired = 410,
    job_broken = 500,
    job_failed = 502,
    answer_too_large = 502,
    answer_dropped = 410,
    no_answer = 504
}
--- Whether a stored error code says that a job failed. Phases: any.
local function is_failure(error_code)
    return error_code ~= nil and error_code ~= "job_expired"
end
____exports.is_failure = is_failure
--- The status code of the job's page for a stored error code, or for none. Phases: any.
local function status_of(error_code)
    return STATUSES[tostring(error_code)] or 200
end
____exports.status_of = status_of
--- The end of a job without a stored response. `status`: of the response, if there was one. Phases: any.
local function failure(code, result, status)
    local document = "{\"error\":{\"code\":\"%s\",\"message\":\"%s\",\"status\":%d}}\n"
    local body = string_format(
        document,
        code,
        MESSAGES[code],
        status_of(code)
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
____exports.failure = failure
--- The end of a job with a response; one whose body is longer than `most_bytes` is not stored. Phases: any.
local function response(given, result, most_bytes)
    if #given.body > most_bytes then
        return failure("answer_too_large", "failed", given.status)
    end
    local headers = {}
    for ____, name in ipairs(HEADERS) do
        local value = given.headers[string_lower(name)]
        if value ~= nil then
            headers[name] = value
        end
    end
    return {result = result, status = given.status, headers = headers, body = given.body}
end
____exports.response = response
return ____exports
