local ____exports = {}
local pcall = pcall
--- `pcall` for functions with several results: true and the results, or false and what was raised, which is not reported. For callers
-- that treat it as one failure among others; all others use `call`.
____exports.protected_call = pcall
--- Calls a function, and reports what it raises as a fault of this kind. True and its first result; false where it raised.
local function call(faults, kind, work, ...)
    local ok, result = pcall(work, ...)
    if ok then
        return true, result
    end
    faults:report(kind, result)
    return false
end
____exports.call = call
--- As `call`. `subject`: stands before the error in the log, such as "sink http".
local function call_for(faults, kind, subject, work, ...)
    local ok, result = pcall(work, ...)
    if ok then
        return true, result
    end
    faults:report(kind, subject, ": ", result)
    return false
end
____exports.call_for = call_for
return ____exports
