--- Begins each spec with the time as it is: nginx's clock stands still while one runs, and the timeouts of the next would
-- count from back then.
require("busted").subscribe({ "test", "start" }, function()
    ngx.update_time()
    return nil, true
end)
