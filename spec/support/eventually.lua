--- Waits until a function returns something true, and returns it; raises after a minute.
-- @param what what is waited for, as the error shall say it
return function(condition, what)
    local deadline = ngx.now() + 60
    while true do
        local value = condition()
        if value then return value end
        if ngx.now() > deadline then error("never happened: " .. (what or "condition"), 2) end
        ngx.sleep(0.005)
        ngx.update_time()
    end
end
