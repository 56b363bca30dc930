--- Waits until a condition holds: returns its value, or raises after five seconds.
return function(condition, what)
    local deadline = ngx.now() + 5
    while true do
        local value = condition()
        if value then return value end
        if ngx.now() > deadline then error("never happened: " .. (what or "condition"), 2) end
        ngx.sleep(0.005)
        ngx.update_time()
    end
end
