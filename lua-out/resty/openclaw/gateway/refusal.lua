local ____exports = {}
--- How nginx gets to know that a configuration is wrong. Phases: init.
local library = debug
local trace = debug.traceback
--- Calls a function; what it raises is raised here, and nginx logs it without a stack trace: the sentences are for who writes the
-- configuration. nginx has `debug.traceback` add one, which is replaced for that one call.
function ____exports.without_trace(work, argument)
    local ok, made = pcall(work, argument)
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
return ____exports
