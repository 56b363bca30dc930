--- Waits until a function returns something true, and returns it; fails after so many seconds (10).
return function(condition, seconds)
    local deadline = ngx.now() + (seconds or 10)
    while true do
        local value = condition()
        if value then return value end
        if ngx.now() > deadline then error("it never came true", 2) end
        ngx.sleep(0.01)
    end
end
