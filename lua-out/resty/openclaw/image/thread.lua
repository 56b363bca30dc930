local ____exports = {}
local MODULE = "resty.openclaw.image.conversion"
--- Runs it. Phases: timer, access; yields. Never raises.
local function run(pool, order)
    local called, answer = ngx.run_worker_thread(pool, MODULE, "run_in_thread", order)
    if called then
        return answer
    end
    local detail = (("no thread of the pool \"" .. pool) .. "\" runs it: ") .. answer
    return {problem = "no_thread", message = "", detail = detail}
end
____exports.run = run
return ____exports
