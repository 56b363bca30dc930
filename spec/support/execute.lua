--- Runs a command; whether it ended well. What it prints goes to standard error.
--
-- The shell itself tells how the command ended: in a worker with a thread pool, nginx may be told of a child's end before
-- os.execute is, and then os.execute reports a failure.
return function(command)
    local pipe = assert(io.popen("( " .. command .. "\n) >&2; echo $?"))
    local status = pipe:read("*l")
    pipe:close()
    return status == "0"
end
