local ____exports = {}
local error = error
local pcall = pcall
--- Reports to nginx that a configuration is invalid. Phases: init.
local library = debug
local trace = debug.traceback
--- Calls a function. If it raises, raises the same error, which nginx logs without a stack trace, because the error is for the author of
-- the configuration. nginx adds the trace by `debug.traceback`, which is replaced for that one call.
local function without_trace(work)
    local ok, made = pcall(work)
    if ok then
        return made
    end
    rawset(
        library,
        "traceback",
        function(message)
            rawset(library, "traceback", trace)
            return message
        end
    )
    error(made, 0)
end
____exports.without_trace = without_trace
return ____exports
