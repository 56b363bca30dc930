--- Runs a command; whether it ended well. os.execute itself returns 0 or, with LuaJIT's 5.2 compatibility, true, "exit", 0.
return function(command)
    local status = os.execute(command)
    return status == true or status == 0
end
